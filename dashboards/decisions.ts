import { PercentUnit, Short } from '@grafana/grafana-foundation-sdk/units';
import { controlEvents, sessionEvents } from './parts/events.sql.js';
import { drillDown, openDecision, openSession } from './parts/links.js';
import { list, overTime, stat } from './parts/panels.js';
import { dashboard } from './parts/sheet.js';

const received = sessionEvents('StatementReceived');
const outcomes = sessionEvents('StatementOutcome');
const policyEvents = `${controlEvents('weir.policy.v1')} AND type != 'ConnectionSampled'`;

const counted = (title: string, decision: string, description: string) =>
  stat(title, `SELECT count() AS statements\n${received} AND decision = '${decision}'`, {
    description,
    unit: Short,
  });

const totals = [
  counted('Allowed', 'allow', 'Statements that went on at once.'),
  counted('Refused', 'deny', 'Statements that policy refused.'),
  counted('Held', 'hold', 'Statements that waited for a person.'),
  stat(
    'Refused, of all',
    `SELECT countIf(decision = 'deny') / count() AS share\n${received}\nHAVING count() > 0`,
    {
      description: 'A rise is somebody trying, or a policy that no longer fits.',
      ...{ unit: PercentUnit, empty: 'none' },
    },
  ),
  stat('Policy versions', `SELECT uniqExact(snapshot) AS versions\n${received}`, {
    description: 'Versions of the policies by which statements were decided.',
    unit: Short,
  }),
  stat('Changes', `SELECT count() AS changes\n${policyEvents}`, {
    description: 'Of policies, masking and connections, by anybody.',
    unit: Short,
  }),
];

const byDecision = overTime(
  'Statements by decision',
  `SELECT $__timeInterval(time) AS at, decision, count() AS statements\n${received}\nGROUP BY at, decision\nORDER BY at, decision`,
  { description: 'How statements were decided.', unit: Short, stacked: true, by: 'decision' },
);

const byStatus = overTime(
  'Statements by outcome',
  `SELECT $__timeInterval(time) AS at, status, count() AS statements\n${outcomes}\nGROUP BY at, status\nORDER BY at, status`,
  { description: 'What became of them.', unit: Short, stacked: true, by: 'status' },
);

const byKind = overTime(
  'Statements by kind',
  `SELECT $__timeInterval(time) AS at, if(empty(kinds), 'none', kinds[1]) AS kind, count() AS statements\n${received}\nGROUP BY at, kind\nORDER BY at, kind`,
  { description: "By the parser's word for the first of them.", unit: Short, stacked: true, by: 'kind' },
);

const refusedByIdentity = overTime(
  'Refused, by identity',
  `SELECT $__timeInterval(time) AS at, identity, count() AS refused
${received} AND decision = 'deny'
GROUP BY at, identity
ORDER BY at, identity
LIMIT 5000`,
  { description: 'Who is refused.', unit: Short, stacked: true, by: 'identity' },
);

const refusals = list(
  'Why statements are refused',
  `SELECT reason, arrayStringConcat(policy_ids, ', ') AS policies, count() AS statements, uniqExact(identity) AS identities, min(time) AS first,
  max(time) AS last, any(text) AS example
${received} AND decision = 'deny'
GROUP BY reason, policies
ORDER BY statements DESC, reason
LIMIT 100`,
  { description: 'By reason, with the policies that determined it.', columns: { example: { width: 420 } } },
);

const policies = list(
  'Policies at work',
  `SELECT arrayJoin(policy_ids) AS policy, decision, count() AS statements, uniqExact(identity) AS identities, max(time) AS last
${received}
GROUP BY policy, decision
ORDER BY statements DESC, policy, decision
LIMIT 200`,
  { description: 'Which policies determined decisions. One that is not here decided nothing.', span: 12 },
);

const changes = list(
  'Changes',
  `SELECT time, type, subject, identity, JSONExtractString(payload, 'version') AS version, reason AS change_reference
${policyEvents}
ORDER BY time DESC
LIMIT 100`,
  {
    description: 'Of policies, masking and connections: who, and by which change.',
    ...{ empty: 'no change in this time', span: 12 },
  },
);

const newest = list(
  'Refused and held',
  `SELECT time, identity, connection, decision, reason, text, session_id, statement_id
${received} AND decision != 'allow'
ORDER BY time DESC, statement_id
LIMIT 200`,
  {
    description: 'The newest two hundred.',
    columns: {
      identity: { links: [drillDown] },
      text: { width: 420 },
      session_id: { links: [openSession] },
      statement_id: { links: [openDecision] },
    },
  },
);

export const decisions = () =>
  dashboard({
    uid: 'weir-decisions',
    title: 'policy decisions',
    description: 'What policies allow, refuse and hold, and who changed them.',
    sections: [
      { title: 'In short', panels: totals },
      { title: 'Over time', panels: [byDecision, byStatus, byKind, refusedByIdentity] },
      { title: 'Why', panels: [refusals, policies, changes, newest] },
    ],
  });
