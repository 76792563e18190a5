import { create } from '@bufbuild/protobuf';
import {
  ApprovalDecidedSchema,
  ApprovalRequestedSchema,
  ConnectionRegisteredSchema,
  encodeEnvelope,
  EndSessionSchema,
  EnvelopeSchema,
  FindingRaisedSchema,
  FindingTriagedSchema,
  genesis,
  HoldResolvedSchema,
  linkEnvelope,
  MaskingPublishedSchema,
  newEvent,
  PageSessionStartedSchema,
  PoliciesPublishedSchema,
  QuarantineLiftedSchema,
  ResultChunkSchema,
  SessionEndedSchema,
  SessionStartedSchema,
  SignInRefusedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  topics,
  TreeCutSchema,
  type ChainHead,
  type EncodedEnvelope,
  type Envelope,
  type Topic,
} from '#events';
import { ManualClock } from '#kernel';

type Schema = Parameters<typeof newEvent>[0];
type Init<T extends Schema> = Parameters<typeof newEvent<T>>[1];

const at = (text: string) => new ManualClock(Date.parse(`2026-${text}Z`));
const person = (name: string) => ({ id: `corp:${name}`, issuer: 'corp', subject: name, kind: 'person' });
const bot = { id: 'corp:bot', issuer: 'corp', subject: 'bot', kind: 'agent', onBehalfOf: 'corp:cy' };
const table = (name: string) => ({ schema: 'public', name });
const column = (of: string, name: string) => ({ schema: 'public', table: of, column: name });

/** The events of one session, linked; `gap` leaves a place in its sequence empty, `unreadable` holds junk at its place. */
class Recorded {
  readonly events: EncodedEnvelope[] = [];
  #head: ChainHead = genesis;

  constructor(private readonly id: string) {}

  add<T extends Schema>(time: string, schema: T, init: Init<T>): this {
    return this.#link(newEvent(schema, init, { source: 'proxy/1', subject: this.id, clock: at(time) }));
  }

  gap(): this {
    this.#head = { seq: this.#head.seq + 1, hash: this.#head.hash };
    return this;
  }

  unreadable(time: string): this {
    const origin = { source: 'proxy/1', subject: this.id, clock: at(time) };
    const event = newEvent(StatementOutcomeSchema, {}, origin);
    return this.#link(create(EnvelopeSchema, { ...event, data: Buffer.from('ff', 'hex') }));
  }

  #link(event: Envelope): this {
    this.#head = linkEnvelope(event, this.#head);
    this.events.push(encodeEnvelope(event));
    return this;
  }
}

const received = (statementId: string, text: string, own: Init<typeof StatementReceivedSchema>) => ({
  ...{ statementId, text, fingerprint: `fp ${text}`, how: 'simple', kinds: ['select'] },
  ...{ decision: 'allow', snapshot: 'v1', policyIds: ['reads'] },
  ...own,
});

const start = (sessionId: string, principal: object, connection: string, sourceAddress: string) => ({
  ...{ sessionId, principal, connection, sourceAddress, protocol: 'postgres', clientProgram: 'psql' },
});

const byEmail = 'select email from customers where id = $1';
const emails = { reads: [table('customers')], columns: [column('customers', 'email')] };

/** What the questions of docs/audit-schema.md are asked of: a few sessions and changes of October 2026. */
export function sessionsOfOctober(): EncodedEnvelope[] {
  const september = new Recorded('ses_0')
    .add('09-10T05:30', SessionStartedSchema, start('ses_0', person('eve'), 'crm', '10.0.0.8:40000'))
    .add('09-10T05:31', SessionEndedSchema, { reason: 'terminated' });
  return [september, agent(), analyst(), night(), endedBySecurity()].flatMap(({ events }) => events);
}

/** A cut that comes too late: what it begins with is in another one. */
export const lateCut = (): EncodedEnvelope =>
  encodeEnvelope(
    newEvent(
      TreeCutSchema,
      { topic: topics.session, after: -1n, through: 1n },
      { source: 'audit/2', subject: 'tree', clock: at('10-31T00:00') },
    ),
  );

/** Masked e-mail addresses, then a read that Ana approves after two minutes. */
function agent(): Recorded {
  const held = received('stm_a2', 'select * from payments', {
    ...{ decision: 'hold', approvalId: 'apr_1', policyIds: ['hold-payments'], reads: [table('payments')] },
  });
  const approved = { approvalId: 'apr_1', outcome: 'approved', decidedBy: ['corp:ana'] };
  return new Recorded('ses_a')
    .add('10-05T10:00', SessionStartedSchema, start('ses_a', bot, 'orders', '10.0.0.5:41000'))
    .add('10-05T10:01', StatementReceivedSchema, received('stm_a1', 'select email from customers', emails))
    .add('10-05T10:01', ResultChunkSchema, {
      statementId: 'stm_a1',
      columns: [{ name: 'email', mask: 'partial', class: 'email' }],
      rows: [{ values: [{}, { text: 'a***@example.org' }] }, { values: [{ text: '' }, {}] }],
      rowCount: 2,
    })
    .add('10-05T10:01', StatementOutcomeSchema, {
      ...{ statementId: 'stm_a1', status: 'ok', rows: 2n, bytes: 5000n, masked: { email: 2n } },
    })
    .add('10-05T10:02', StatementReceivedSchema, held)
    .add('10-05T10:04', HoldResolvedSchema, { statementId: 'stm_a2', ...approved, waitedUs: 120_000_000n })
    .add('10-05T10:04', StatementOutcomeSchema, {
      ...{ statementId: 'stm_a2', status: 'ok', rows: 10n, bytes: 700n, masked: { card: 10n, email: 3n } },
    })
    .add('10-05T10:05', SessionEndedSchema, { reason: 'terminated' });
}

/** One address in the clear, a delete that is refused, a table copied out. */
function analyst(): Recorded {
  const copied = { how: 'copy', kinds: ['copy'], reads: [table('orders')] };
  return new Recorded('ses_b')
    .add('10-12T09:00', SessionStartedSchema, start('ses_b', person('dan'), 'orders', '10.0.0.6:50000'))
    .add('10-12T09:01', StatementReceivedSchema, received('stm_b1', byEmail, emails))
    .add('10-12T09:01', StatementOutcomeSchema, {
      ...{ statementId: 'stm_b1', status: 'ok', rows: 1n, bytes: 40n, revealed: { email: 1n } },
    })
    .add('10-12T09:02', StatementReceivedSchema, {
      ...received('stm_b2', 'delete from orders', { kinds: ['delete'], writes: [table('orders')] }),
      ...{ decision: 'deny', reason: 'orders are never deleted', policyIds: ['no-deletes'] },
    })
    .add('10-12T09:02', StatementOutcomeSchema, {
      statementId: 'stm_b2',
      status: 'denied',
      sqlstate: '42501',
    })
    .add('10-12T09:03', StatementReceivedSchema, received('stm_b3', 'copy orders to stdout', copied))
    .add('10-12T09:04', StatementOutcomeSchema, {
      ...{ statementId: 'stm_b3', status: 'ok', rows: 5000n, bytes: 900_000n },
    })
    .add('10-12T09:05', SessionEndedSchema, { reason: 'terminated' });
}

/** Saturday, half past one at night in Berlin, from where nobody ever came. */
function night(): Recorded {
  const alter = { kinds: ['alter table'], writes: [table('leads')], policyIds: ['dba'] };
  return new Recorded('ses_c')
    .add('10-16T23:30', SessionStartedSchema, start('ses_c', person('eve'), 'crm', '203.0.113.50:1234'))
    .add('10-16T23:31', StatementReceivedSchema, received('stm_c1', 'alter table leads add x int', alter))
    .add('10-16T23:31', StatementOutcomeSchema, {
      ...{ statementId: 'stm_c1', status: 'ok', commandTag: 'ALTER TABLE' },
    })
    .add('10-16T23:32', SessionEndedSchema, { reason: 'client gone' });
}

/** What was allowed on the 12th is held under the new policies; nobody decides, and security ends the session. */
function endedBySecurity(): Recorded {
  const held = {
    ...emails,
    decision: 'hold',
    approvalId: 'apr_2',
    snapshot: 'v2',
    policyIds: ['hold-clear'],
  };
  return new Recorded('ses_d')
    .add('10-22T10:00', SessionStartedSchema, start('ses_d', person('dan'), 'orders', '10.0.0.6:50001'))
    .add('10-22T10:01', StatementReceivedSchema, received('stm_d1', byEmail, held))
    .add('10-22T10:31', HoldResolvedSchema, {
      ...{ statementId: 'stm_d1', approvalId: 'apr_2', outcome: 'expired', waitedUs: 1_800_000_000n },
    })
    .add('10-22T10:31', StatementOutcomeSchema, { statementId: 'stm_d1', status: 'held', sqlstate: '42501' })
    .add('10-22T10:40', SessionEndedSchema, { reason: 'ended: odd reads' });
}

/** Its fourth event never came, its fifth can't be read; then its proxy died with a statement on its way. */
export function lostSession(): EncodedEnvelope[] {
  const snapshot = { snapshot: 'v2' };
  return new Recorded('ses_e')
    .add('10-23T10:00', SessionStartedSchema, start('ses_e', bot, 'orders', '10.0.0.5:41001'))
    .add('10-23T10:01', StatementReceivedSchema, received('stm_e1', 'select 1', snapshot))
    .add('10-23T10:01', StatementOutcomeSchema, { statementId: 'stm_e1', status: 'ok', rows: 1n, bytes: 8n })
    .gap()
    .unreadable('10-23T10:02')
    .add('10-23T10:03', StatementReceivedSchema, received('stm_e2', 'update leads set x = 1', snapshot))
    .add('10-23T10:09', StatementOutcomeSchema, { statementId: 'stm_e2', status: 'unknown' })
    .add('10-23T10:09', SessionEndedSchema, { reason: 'lost' }).events;
}

/** Everything but sessions: topic, and its events in order. */
export function controlOfOctober(): readonly (readonly [Topic, readonly EncodedEnvelope[]])[] {
  const event = <T extends Schema>(time: string, subject: string, schema: T, init: Init<T>) =>
    encodeEnvelope(newEvent(schema, init, { source: 'gate/1', subject, clock: at(time) }));
  const registered = (time: string, by: string, host: string) =>
    event(time, 'orders', ConnectionRegisteredSchema, {
      connection: {
        name: 'orders',
        protocol: 'postgres',
        host,
        port: 5432,
        database: 'orders',
        user: 'svc_orders',
      },
      ...{ owner: 'api', by: person(by) },
    });
  const published = (time: string, version: string, by: string, changeReference: string) =>
    event(time, 'policies', PoliciesPublishedSchema, { version, by: person(by), changeReference });
  const refusedSignIn = (time: string, code: string) =>
    event(time, 'gate', SignInRefusedSchema, {
      ...{ code, reason: 'the token has expired', through: 'postgres', sourceAddress: '203.0.113.9:1' },
    });
  const asked = (time: string, approvalId: string, requester: object, statementId: string, text: string) =>
    event(time, approvalId, ApprovalRequestedSchema, {
      ...{ approvalId, requester, statementId, text, connection: 'orders', reason: 'held' },
    });
  const decided = (time: string, approvalId: string, by: string) =>
    event(time, approvalId, ApprovalDecidedSchema, { approvalId, decision: 'approve', by: person(by) });
  const found = (findingId: string, identity: string, more: Init<typeof FindingRaisedSchema>) =>
    event('10-22T10:02', identity, FindingRaisedSchema, {
      findingId,
      identity,
      detector: 'bulk-read',
      ...more,
    });
  const dan = { identity: 'corp:dan', by: person('ana') };
  return [
    [
      topics.finding,
      [
        found('fnd_1', 'corp:dan', { severity: 'high', title: 'More than ever', quarantine: 'approve' }),
        found('fnd_2', 'corp:eve', { severity: 'low', title: 'A table that was never used' }),
        found('fnd_3', 'corp:eve', { severity: 'low', title: 'Another' }),
        event('10-22T10:30', 'corp:dan', FindingTriagedSchema, {
          ...{ findingId: 'fnd_1', state: 'acknowledged', reason: 'he has left', by: person('ana') },
        }),
        event('10-22T10:31', 'corp:eve', FindingTriagedSchema, {
          ...{ findingId: 'fnd_3', state: 'false_alarm', reason: 'a new report', by: person('ana') },
        }),
        event('10-22T10:50', 'corp:dan', QuarantineLiftedSchema, { ...dan, reason: 'he has left' }),
      ],
    ],
    [
      topics.policy,
      [
        registered('10-01T07:00', 'eve', '10.1.0.1'),
        published('10-01T07:10', 'v1', 'eve', 'CHG-1'),
        event('10-01T07:20', 'masking', MaskingPublishedSchema, { version: 'm1', by: person('eve') }),
        registered('10-15T12:00', 'dan', '10.1.0.2'),
        published('10-20T12:00', 'v2', 'dan', 'CHG-2'),
      ],
    ],
    [
      topics.identity,
      [
        event('10-05T09:55', 'pgs_1', PageSessionStartedSchema, {
          ...{
            pageSessionId: 'pgs_1',
            principal: person('ana'),
            provider: 'corp',
            sourceAddress: '10.0.0.7:1',
          },
        }),
        refusedSignIn('10-06T03:00', 'TOKEN_EXPIRED'),
        refusedSignIn('10-06T03:01', 'TOKEN_EXPIRED'),
      ],
    ],
    [
      topics.approval,
      [
        asked('10-05T10:02', 'apr_1', bot, 'stm_a2', 'select * from payments'),
        decided('10-05T10:03', 'apr_1', 'cy'),
        decided('10-05T10:04', 'apr_1', 'ana'),
        asked('10-22T10:01', 'apr_2', person('dan'), 'stm_d1', byEmail),
        decided('10-22T10:05', 'apr_2', 'dan'),
      ],
    ],
    [
      topics.command,
      [
        event('10-22T10:40', 'ses_d', EndSessionSchema, {
          ...{ sessionId: 'ses_d', reason: 'odd reads', by: person('ana') },
        }),
      ],
    ],
  ];
}
