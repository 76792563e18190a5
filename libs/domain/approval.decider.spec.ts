import { describe, expect, it } from 'vitest';
import type { Principal } from '#kernel';
import { specOf } from '../event-log/decider-spec.js';
import type { Approval } from './approval.js';
import type { ApprovalCommand } from './approval.commands.js';
import { approval } from './approval.decider.js';
import {
  agent,
  ana,
  binding,
  bo,
  consumed,
  cy,
  decided,
  expired,
  minute,
  person,
  request,
  requested,
  start,
  voided,
  withdrawn,
} from './approval.specimen.js';

const { given } = specOf(approval);
const approve = (by: Principal, at = start + minute): ApprovalCommand => ({
  ...{ type: 'Approve', by, at, reason: '', eventId: `evt_approve_${by.subject}_${at}` },
});
const deny = (by: Principal, at = start + minute): ApprovalCommand => ({
  ...{ type: 'Deny', by, at, reason: '', eventId: `evt_deny_${by.subject}_${at}` },
});
const consume = (over: Partial<Extract<ApprovalCommand, { type: 'Consume' }>> = {}): ApprovalCommand => ({
  ...{ type: 'Consume', by: agent, binding, sessionId: 'ses_2', statementId: 'stm_2' },
  ...{ at: start + 2 * minute, eventId: 'evt_consumed_stm_2', ...over },
});
const status = (expected: Approval['status']) => (state: Approval) => expect(state.status).toBe(expected);

describe('a request for approval', () => {
  const ask: ApprovalCommand = {
    ...{ type: 'RequestApproval', request: request(), eventId: 'evt_requested', at: start },
  };

  it('is made', () => given().when(ask).then(requested()));
  it('is made once', () => given(requested()).when(ask).thenThrows('CONFLICT'));
  it('must leave time to decide', () =>
    given()
      .when({ ...ask, at: request().expiresAt })
      .thenThrows('INPUT_INVALID'));
  it('must be decidable by somebody', () =>
    given()
      .when({ ...ask, request: request({ approverGroups: [] }) })
      .thenThrows('INPUT_INVALID'));
  it('that nobody made can’t be decided', () => given().when(approve(bo)).thenThrows('NOT_FOUND'));
  it('appended after its own expiry opens nothing', () =>
    given(requested({}, request().expiresAt)).thenState(status('none')));
});

describe('invariant 6: who decides', () => {
  it('an eligible person approves', () => given(requested()).when(approve(bo)).then(decided(bo, 'approve')));
  it('an eligible person denies', () => given(requested()).when(deny(bo)).then(decided(bo, 'deny')));

  it.each([
    ['the requester', requested({ requester: ana }), ana],
    ['the person in whose name the agent asks', requested(), ana],
    [
      'that person as another issuer spells the name',
      requested(),
      { ...ana, id: 'dev:ANA', subject: 'ＡNA\u00a0' },
    ],
    ['that person through another issuer', requested(), { ...ana, id: 'dev:ana', issuer: 'dev' }],
    ['one who acts in that person’s name', requested(), { ...bo, onBehalfOf: 'corp:ana' }],
    [
      'one in whose name the requester’s person acts',
      requested({ requester: { ...ana, onBehalfOf: 'x:bo' } }),
      bo,
    ],
  ])('never %s', (_, ask, by) => {
    given(ask).when(approve(by)).thenThrows('SELF_APPROVAL');
    given(ask).when(deny(by)).thenThrows('SELF_APPROVAL');
    given(ask, decided(by, 'approve')).thenState(status('pending'));
  });

  it.each([
    ['one of another group', person('dan', ['sales'])],
    ['one of no group', person('dan', [])],
    ['an agent, even in the group', { ...person('bot'), kind: 'agent' as const }],
  ])('nor %s', (_, by) => {
    given(requested()).when(approve(by)).thenThrows('NOT_ELIGIBLE');
    given(requested(), decided(by, 'approve')).thenState(status('pending'));
  });

  it('not twice by one person, nor through another issuer', () => {
    const two = requested({ quorum: 2 });
    const elsewhere = { ...bo, id: 'dev:bo', issuer: 'dev' };
    given(two, decided(bo, 'approve')).when(approve(bo)).thenThrows('ALREADY_DECIDED');
    given(two, decided(bo, 'approve')).when(deny(bo)).thenThrows('ALREADY_DECIDED');
    given(two, decided(bo, 'approve')).when(approve(elsewhere)).thenThrows('ALREADY_DECIDED');
    given(two, decided(bo, 'approve'), decided(elsewhere, 'approve')).thenState(status('pending'));
    given(two, decided(bo, 'approve'), decided(bo, 'approve', start + 2)).thenState(status('pending'));
  });

  it('one who may not decide learns nothing of how it stands', () =>
    given(requested(), decided(bo, 'deny'))
      .when(approve(person('dan', [])))
      .thenThrows('NOT_ELIGIBLE'));
});

describe('the quorum', () => {
  it('is reached by distinct persons', () => {
    const two = requested({ quorum: 2 });
    given(two, decided(bo, 'approve')).thenState(status('pending'));
    given(two, decided(bo, 'approve'), decided(cy, 'approve')).thenState(status('approved'));
  });
  it('of several groups has each of them', () => {
    const both = requested({ approverGroups: ['dba', 'security'] });
    const sam = person('sam', ['security']);
    given(both, decided(bo, 'approve')).thenState(status('pending'));
    given(both, decided(bo, 'approve'), decided(sam, 'approve')).thenState(status('approved'));
    given(both, decided(person('max', ['dba', 'security']), 'approve')).thenState(status('approved'));
  });
  it('is one where an event says none', () => {
    given(requested({ quorum: 0 })).thenState(status('pending'));
    given(requested({ quorum: 0 }), decided(bo, 'approve')).thenState(status('approved'));
  });
  it('is void after one no', () =>
    given(requested({ quorum: 2 }), decided(bo, 'approve'), decided(cy, 'deny')).thenState(status('denied')));
  it('counts no word that is neither yes nor no', () =>
    given(requested(), decided(bo, 'maybe')).thenState(status('pending')));
});

describe('a yes is void once its giver has lost the role', () => {
  const two = requested({ quorum: 2 });
  const yes = decided(bo, 'approve');
  const again = decided(bo, 'approve', start + 3 * minute);
  const at = start + 2 * minute;
  const loses = (groups: readonly string[], decisionId = yes.eventId): ApprovalCommand => ({
    ...{ type: 'VoidDecision', eventId: `evt_voided_bo_${at}`, at, decisionId, groups },
  });
  const counts =
    (...who: readonly Principal[]) =>
    (state: Approval) =>
      expect(state.status === 'none' ? [] : state.decisions.map(({ by }) => by.id)).toEqual(
        who.map(({ id }) => id),
      );

  it('is told, and counts no longer', () => {
    given(two, yes)
      .when(loses(['sales']))
      .then(voided(yes, bo));
    given(two, yes, voided(yes, bo)).thenState(counts());
    given(two, yes, voided(yes, bo), decided(cy, 'approve')).thenState(status('pending'));
  });
  it('and who has it again may give it anew', () => {
    given(two, yes, voided(yes, bo))
      .when(approve(bo, start + 3 * minute))
      .then(again);
    given(two, yes, voided(yes, bo), again, decided(cy, 'approve')).thenState(status('approved'));
  });
  it('not while they have it', () =>
    given(two, yes)
      .when(loses(['dba', 'sales']))
      .thenThrows('CONFLICT'));
  it('one of its groups is enough: it may have been the one that the request needs', () => {
    const both = requested({ approverGroups: ['dba', 'security'], quorum: 2 });
    const max = person('max', ['dba', 'security']);
    const his = decided(max, 'approve');
    given(both, his)
      .when(loses(['dba'], his.eventId))
      .then({
        ...voided(his, max, at, 'security'),
        eventId: `evt_voided_bo_${at}`,
      });
    given(both, his, voided(his, max), decided(bo, 'approve'), decided(cy, 'approve')).thenState(
      status('pending'),
    );
  });
  it('once, and that yes only: said again by another replica it takes back nothing more', () => {
    const late = voided(yes, bo, start + 4 * minute);
    given(two, yes, voided(yes, bo), again, late).thenState(counts(bo));
    given(two, yes, voided(yes, bo)).when(loses([])).thenThrows('NOT_FOUND');
  });
  it('and a repetition of it in the log brings it not back', () =>
    given(two, yes, voided(yes, bo), yes, decided(cy, 'approve')).thenState(counts(cy)));
  it('not under another’s name, nor once it is decided', () => {
    given(two, yes, voided(yes, cy)).thenState(counts(bo));
    given(requested(), yes, voided(yes, bo)).thenState(status('approved'));
    given(requested(), yes).when(loses([])).thenThrows('APPROVAL_NOT_PENDING');
  });
});

describe('a decision comes too late', () => {
  it('once it is decided', () => {
    given(requested(), decided(bo, 'approve')).when(approve(cy)).thenThrows('APPROVAL_NOT_PENDING');
    given(requested(), decided(bo, 'deny')).when(approve(cy)).thenThrows('APPROVAL_NOT_PENDING');
    given(requested(), withdrawn()).when(approve(cy)).thenThrows('APPROVAL_NOT_PENDING');
  });
  it('of two at once the first stands', () => {
    given(requested(), decided(bo, 'approve'), decided(cy, 'deny')).thenState((state) => {
      expect(state).toMatchObject({ status: 'approved', decisions: [{ by: { id: bo.id } }] });
    });
  });
  it('from its expiry on, by the log’s append time, though nobody said `expired` yet', () => {
    const { expiresAt } = request();
    given(requested()).when(approve(bo, expiresAt)).thenThrows('APPROVAL_EXPIRED');
    given(requested(), decided(bo, 'approve', expiresAt)).thenState(status('pending'));
    given(requested(), decided(bo, 'approve', expiresAt - 1)).thenState(status('approved'));
    given(requested(), expired(expiresAt)).when(approve(bo, expiresAt)).thenThrows('APPROVAL_EXPIRED');
  });
});

describe('expiry and withdrawal', () => {
  const { expiresAt } = request();
  const expire = (at: number): ApprovalCommand => ({ type: 'Expire', at, eventId: `evt_expired_${at}` });
  const withdraw: ApprovalCommand = {
    ...{ type: 'Withdraw', at: start + minute, eventId: 'evt_withdrawn', reason: 'gone' },
  };

  it('expires when its time is over', () => {
    given(requested()).when(expire(expiresAt)).then(expired(expiresAt));
    given(requested(), expired(expiresAt)).thenState(status('expired'));
  });
  it('not before, whoever says so', () => {
    given(requested())
      .when(expire(expiresAt - 1))
      .thenThrows('CONFLICT');
    given(requested(), expired(expiresAt - 1)).thenState(status('pending'));
  });
  it('not once decided', () =>
    given(requested(), decided(bo, 'deny')).when(expire(expiresAt)).thenThrows('APPROVAL_NOT_PENDING'));
  it('a grant that nobody used expires too', () => {
    const end = start + minute + 10 * minute;
    const granted = [requested(), decided(bo, 'approve')] as const;
    given(...granted)
      .when(expire(end - 1))
      .thenThrows('CONFLICT');
    given(...granted, expired(end)).thenState(status('expired'));
  });
  it('is withdrawn while pending or unused', () => {
    given(requested()).when(withdraw).then(withdrawn());
    given(requested(), withdrawn()).thenState(status('withdrawn'));
    given(requested(), decided(bo, 'approve'), withdrawn()).thenState(status('withdrawn'));
  });
  it('not once used', () =>
    given(requested(), decided(bo, 'approve'), consumed('stm_2'))
      .when(withdraw)
      .thenThrows('APPROVAL_NOT_PENDING'));
  it('the sealed text leaves the state with the decision', () => {
    given(requested()).thenState((s) => expect(s).toMatchObject({ request: { sealed: { length: 6 } } }));
    given(requested(), decided(bo, 'approve')).thenState((s) =>
      expect(s).toMatchObject({ request: { sealed: { length: 0 } } }),
    );
  });
});

describe('invariant 6: a grant', () => {
  const granted = [requested(), decided(bo, 'approve')] as const;

  it('is used', () =>
    given(...granted)
      .when(consume())
      .then(consumed('stm_2')));
  it('at most once', () => {
    given(...granted, consumed('stm_2'))
      .when(consume())
      .thenThrows('APPROVAL_NOT_PENDING');
    given(...granted, consumed('stm_2'), consumed('stm_3')).thenState((state) => {
      expect(state).toMatchObject({ status: 'consumed', consumption: { statementId: 'stm_2' } });
    });
  });
  it('by whom it was given', () => {
    given(...granted)
      .when(consume({ by: bo }))
      .thenThrows('NOT_ELIGIBLE');
    given(...granted)
      .when(consume({ by: { ...agent, onBehalfOf: 'corp:eve' } }))
      .thenThrows('NOT_ELIGIBLE');
  });
  it('for exactly what it was given', () =>
    given(...granted)
      .when(consume({ binding: Buffer.from('00ff11', 'hex') }))
      .thenThrows('NOT_ELIGIBLE'));
  it('not before it is given, nor after a no', () => {
    given(requested()).when(consume()).thenThrows('STATEMENT_HELD');
    given(requested(), consumed('stm_2')).thenState(status('pending'));
    given(requested(), decided(bo, 'deny')).when(consume()).thenThrows('APPROVAL_NOT_PENDING');
  });
  it('as long after the yes as the request could wait, no longer', () => {
    const end = start + minute + 10 * minute;
    given(...granted, consumed('stm_2', end - 1)).thenState(status('consumed'));
    given(...granted, consumed('stm_2', end)).thenState(status('approved'));
    given(...granted)
      .when(consume({ at: end }))
      .thenThrows('APPROVAL_EXPIRED');
  });
});
