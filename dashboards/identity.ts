import { BytesIEC, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { findingList, quarantineList } from './exfiltration.findings.js';
import {
  allSessionEvents,
  byIdentity,
  byStatement,
  maskedValues,
  sessionEvents,
} from './parts/events.sql.js';
import { openApproval, openDecision, openSession } from './parts/links.js';
import { list, overTime, stat } from './parts/panels.js';
import { dashboard } from './parts/sheet.js';

const received = sessionEvents('StatementReceived');
const outcomes = sessionEvents('StatementOutcome');

const totals = [
  stat('Sessions', `SELECT uniqExact(session_id) AS sessions\n${allSessionEvents}`, {
    description: 'Sessions in which something happened.',
    unit: Short,
  }),
  stat('Statements', `SELECT count() AS statements\n${received}`, { description: 'Received.', unit: Short }),
  stat('Refused', `SELECT count() AS refused\n${received} AND decision = 'deny'`, {
    description: 'Statements that policy refused.',
    unit: Short,
  }),
  stat('Held', `SELECT count() AS held\n${received} AND decision = 'hold'`, {
    description: 'Statements that waited for a person.',
    unit: Short,
  }),
  stat('Rows', `SELECT sum(rows) AS rows_out\n${outcomes}`, {
    description: 'Rows that it got.',
    unit: Short,
  }),
  stat('Volume', `SELECT sum(bytes) AS bytes_out\n${outcomes}`, {
    description: 'Bytes of results that it got.',
    unit: BytesIEC,
  }),
];

const decisions = overTime(
  'Statements by decision',
  `SELECT $__timeInterval(time) AS at, decision, count() AS statements\n${received}\nGROUP BY at, decision\nORDER BY at, decision`,
  { description: 'How its statements were decided.', unit: Short, stacked: true, by: 'decision' },
);

const rowsOut = overTime(
  'Rows and masked values',
  `SELECT $__timeInterval(time) AS at, sum(rows) AS rows_out, sum(${maskedValues}) AS masked_values\n${outcomes}\nGROUP BY at\nORDER BY at`,
  { description: 'Rows that it got, and values in them that were masked.', unit: Short },
);

/** A point is a day, as detectors see it: `baselines` has what was usual on the 28 days before. */
const usual = overTime(
  'Rows a day, and what is usual',
  [
    `SELECT toDateTime(day, 'UTC') AS at, sum(rows) AS rows_out
FROM identity_days
WHERE $__dateFilter(day) AND ${byIdentity}
GROUP BY at
ORDER BY at`,
    `SELECT toDateTime(day, 'UTC') AS at, sum(day_rows_median) AS usual, sum(day_rows_most) AS most
FROM baselines
WHERE scope = 'whole' AND $__dateFilter(day) AND ${byIdentity}
GROUP BY at
ORDER BY at`,
  ],
  {
    description: 'Of the last 28 days: rows, beside the median and the most of the 28 days before each.',
    ...{ unit: Short, timeFrom: '28d' },
  },
);

const firstUses = list(
  'New to it',
  `SELECT first_at, kind, value, connection, session_id, statement_id
FROM first_uses
WHERE $__timeFilter(first_at) AND ${byIdentity}
ORDER BY first_at DESC, kind, value
LIMIT 200`,
  {
    description: 'Hosts, programs, tables and queries of which it made its first use.',
    columns: {
      value: { width: 420 },
      session_id: { links: [openSession] },
      statement_id: { links: [openDecision] },
    },
    ...{ empty: 'nothing new in this time', span: 12 },
  },
);

const tables = list(
  'Tables',
  `SELECT arrayJoin(arrayDistinct(arrayConcat(tables_read, tables_written))) AS table_name, count() AS statements,
  countIf(decision = 'deny') AS refused, countIf(has(tables_written, table_name)) AS written, min(time) AS first, max(time) AS last
${received}
GROUP BY table_name
ORDER BY statements DESC, table_name
LIMIT 200`,
  { description: 'Tables that its statements name, with the first and the last time.', span: 12 },
);

const whereFrom = list(
  'Where from',
  `SELECT replaceRegexpOne(source_address, ':[0-9]+$', '') AS address, client_program, client_user, uniqExact(session_id) AS sessions,
  min(time) AS first, max(time) AS last
${allSessionEvents}
GROUP BY address, client_program, client_user
ORDER BY last DESC
LIMIT 200`,
  { description: 'Addresses, and what clients there said of themselves.', span: 12 },
);

const shapes = list(
  'Queries',
  `SELECT any(text_of) AS example, count() AS statements, sum(rows_of) AS rows_out, max(rows_of) AS largest_rows, max(began) AS last
FROM (
${byStatement(`anyIf(fingerprint, type = 'StatementReceived') AS shape, anyIf(text, type = 'StatementReceived') AS text_of,
  sumIf(rows, type = 'StatementOutcome') AS rows_of, min(time) AS began`)}
)
WHERE shape != ''
GROUP BY shape
ORDER BY statements DESC, example
LIMIT 100`,
  {
    description: 'Statements that differ in their values only, together.',
    columns: { example: { width: 520 } },
  },
);

const statements = list(
  'Statements',
  `SELECT began, connection_of AS connection, decision_of AS decision, status_of AS status, rows_of AS rows_out, masked_of AS masked_values,
  text_of AS text, session_id, statement_id
FROM (
${byStatement(`min(time) AS began, any(connection) AS connection_of, anyIf(decision, type = 'StatementReceived') AS decision_of,
  anyIf(status, type = 'StatementOutcome') AS status_of, sumIf(rows, type = 'StatementOutcome') AS rows_of,
  sumIf(${maskedValues}, type = 'StatementOutcome') AS masked_of, anyIf(text, type = 'StatementReceived') AS text_of`)}
)
ORDER BY began DESC, statement_id
LIMIT 200`,
  {
    description:
      'The newest two hundred; a status that is empty: it runs still, or its end is later than the panel.',
    columns: {
      text: { width: 520 },
      session_id: { links: [openSession] },
      statement_id: { links: [openDecision] },
    },
  },
);

const holds = list(
  'What it waited for',
  `SELECT time, connection, hold_outcome, arrayStringConcat(decided_by, ', ') AS deciders, waited_us / 1000000 AS waited_s, approval_id, statement_id
${sessionEvents('HoldResolved')}
ORDER BY time DESC
LIMIT 100`,
  {
    description: 'Holds that ended, with who decided.',
    columns: {
      waited_s: { unit: Seconds },
      approval_id: { links: [openApproval] },
      statement_id: { links: [openDecision] },
    },
  },
);

export const identity = () =>
  dashboard({
    uid: 'weir-identity',
    title: 'one identity',
    description: 'Everything that one identity did: choose it above.',
    sections: [
      { title: 'In short', panels: totals },
      { title: 'Over time', panels: [decisions, rowsOut, usual, firstUses] },
      { title: 'Findings', panels: [findingList([]), quarantineList([])] },
      { title: 'What and where from', panels: [tables, whereFrom, shapes] },
      { title: 'One by one', panels: [statements, holds] },
    ],
  });
