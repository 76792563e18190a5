import { Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { controlEvents, requestState, sessionEvents } from './parts/events.sql.js';
import { drillDown, openApproval, openDecision } from './parts/links.js';
import { list, overTime, stat } from './parts/panels.js';
import { dashboard } from './parts/sheet.js';

const resolved = sessionEvents('HoldResolved');

/** A request as its events in the panel's time have it; who asked and where filter it, not who decided. */
const requests = `SELECT approval_id, minIf(time, type = 'ApprovalRequested') AS asked_at,
  anyIf(identity, type = 'ApprovalRequested') AS who, anyIf(connection, type = 'ApprovalRequested') AS where_to,
  anyIf(reason, type = 'ApprovalRequested') AS why, anyIf(JSONExtractString(payload, 'text'), type = 'ApprovalRequested') AS text,
  groupArrayIf(concat(identity, ': ', decision), type = 'ApprovalDecided') AS decisions,
  groupUniqArrayIf(identity, type = 'ApprovalDecided') AS deciders,
  anyIf(statement_id, type = 'ApprovalRequested') AS statement,
  ${requestState} AS state
${controlEvents('weir.approval.v1')}
GROUP BY approval_id
HAVING countIf(type = 'ApprovalRequested') > 0
  AND $__conditionalAll(who = decodeURLComponent('\${identity:percentencode}'), $identity)
  AND $__conditionalAll(where_to IN (\${connection:singlequote}), $connection)`;

const totals = [
  stat('Asked', `SELECT count() AS asked\nFROM (\n${requests}\n)`, { description: 'Requests.', unit: Short }),
  stat('Pending', `SELECT countIf(state = 'pending') AS pending\nFROM (\n${requests}\n)`, {
    description: 'Of these, the ones that nobody has decided.',
    ...{ unit: Short, alarming: 1 },
  }),
  stat('Denied', `SELECT countIf(state = 'denied') AS denied\nFROM (\n${requests}\n)`, {
    description: 'By a person.',
    unit: Short,
  }),
  stat('Expired', `SELECT countIf(state = 'expired') AS expired\nFROM (\n${requests}\n)`, {
    description: 'Nobody decided in time.',
    unit: Short,
  }),
  stat(
    'Half waited',
    `SELECT quantileExact(0.5)(waited_us) / 1000000 AS median_s\n${resolved}\nHAVING count() > 0`,
    {
      description: 'Half of the holds that ended took at most so long.',
      ...{ unit: Seconds, empty: 'none' },
    },
  ),
  stat(
    'One in ten waited',
    `SELECT quantileExact(0.9)(waited_us) / 1000000 AS p90_s\n${resolved}\nHAVING count() > 0`,
    {
      description: 'A tenth of the holds that ended took longer.',
      ...{ unit: Seconds, empty: 'none' },
    },
  ),
];

const outcomes = overTime(
  'Holds by outcome',
  `SELECT $__timeInterval(time) AS at, hold_outcome, count() AS holds\n${resolved}\nGROUP BY at, hold_outcome\nORDER BY at, hold_outcome`,
  {
    description: 'What became of statements that were held.',
    unit: Short,
    stacked: true,
    by: 'hold_outcome',
  },
);

const waiting = overTime(
  'How long people took',
  `SELECT $__timeInterval(time) AS at, quantileExact(0.5)(waited_us) / 1000000 AS half, quantileExact(0.9)(waited_us) / 1000000 AS nine_in_ten,
  max(waited_us) / 1000000 AS longest
${resolved}
GROUP BY at
ORDER BY at`,
  { description: 'From the hold to its end.', unit: Seconds },
);

const pending = list(
  'Nobody has decided',
  `SELECT asked_at, who AS identity, where_to AS connection, why AS reason, text, approval_id, statement AS statement_id
FROM (
${requests}
)
WHERE state = 'pending'
ORDER BY asked_at
LIMIT 100`,
  {
    description: 'The oldest first.',
    empty: 'nothing is pending',
    columns: {
      identity: { links: [drillDown] },
      text: { width: 420 },
      approval_id: { links: [openApproval] },
      statement_id: { links: [openDecision] },
    },
  },
);

const all = list(
  'Requests',
  `SELECT asked_at, who AS identity, where_to AS connection, state, arrayStringConcat(decisions, ', ') AS decided, why AS reason, text, approval_id,
  statement AS statement_id
FROM (
${requests}
)
ORDER BY asked_at DESC
LIMIT 200`,
  {
    description: 'The newest two hundred, each with who decided how.',
    columns: {
      identity: { links: [drillDown] },
      text: { width: 420 },
      approval_id: { links: [openApproval] },
      statement_id: { links: [openDecision] },
    },
  },
);

const approvers = list(
  'Who decides',
  `SELECT decider AS identity, count() AS requests, countIf(state = 'denied') AS denied, uniqExact(who) AS requesters, max(asked_at) AS last
FROM (
${requests}
)
ARRAY JOIN deciders AS decider
GROUP BY decider
ORDER BY requests DESC, decider
LIMIT 100`,
  { description: 'Approvers, and for how many others they decided.', span: 12 },
);

const whatIsHeld = list(
  'What is held',
  `SELECT reason, arrayStringConcat(policy_ids, ', ') AS policies, connection, count() AS statements, uniqExact(identity) AS identities, max(time) AS last
${sessionEvents('StatementReceived')} AND decision = 'hold'
GROUP BY reason, policies, connection
ORDER BY statements DESC, reason
LIMIT 100`,
  { description: 'Why statements wait for a person, and by which policies.', span: 12 },
);

export const approvals = () =>
  dashboard({
    uid: 'weir-approvals',
    title: 'approvals',
    description: 'What waited for a person, how long, and who decided.',
    sections: [
      { title: 'In short', panels: totals },
      { title: 'Over time', panels: [outcomes, waiting] },
      { title: 'One by one', panels: [pending, all] },
      { title: 'Who and why', panels: [approvers, whatIsHeld] },
    ],
  });
