import { BytesIEC, Short } from '@grafana/grafana-foundation-sdk/units';
import { exfiltrationFindings, openFindingStats } from './exfiltration.findings.js';
import { byStatement, chosen, maskedValues, sessionEvents } from './parts/events.sql.js';
import { drillDown, openDecision, openSession } from './parts/links.js';
import { list, overTime, stat } from './parts/panels.js';
import { dashboard } from './parts/sheet.js';

const outcomes = sessionEvents('StatementOutcome');

const totals = [
  stat('Rows', `SELECT sum(rows) AS rows_out\n${outcomes}`, {
    description: 'Rows that clients got.',
    unit: Short,
  }),
  stat('Volume', `SELECT sum(bytes) AS bytes_out\n${outcomes}`, {
    description: 'Bytes of results that clients got.',
    unit: BytesIEC,
  }),
  stat('Masked values', `SELECT sum(${maskedValues}) AS masked_values\n${outcomes}`, {
    description: 'Values that clients got masked: how much sensitive data the statements asked for.',
    unit: Short,
  }),
  stat('Identities', `SELECT uniqExact(identity) AS identities\n${outcomes} AND rows > 0`, {
    description: 'Who got at least one row.',
    unit: Short,
  }),
];

/** The nine who took most, and the rest in one. */
const volumeByIdentity = overTime(
  'Volume by identity',
  `SELECT $__timeInterval(time) AS at,
  if(identity IN (SELECT identity ${outcomes} GROUP BY identity ORDER BY sum(bytes) DESC, identity LIMIT 9), identity, 'others') AS who,
  sum(bytes) AS bytes_out
${outcomes}
GROUP BY at, who
ORDER BY at, who`,
  {
    description: 'Bytes of results, of the nine identities that took most, and of all others together.',
    ...{ unit: BytesIEC, stacked: true, by: 'who' },
  },
);

/** The same hours a week ago, moved to where the panel is. */
const aWeekBefore = `SELECT toStartOfInterval(toDateTime(time) + INTERVAL 7 DAY, INTERVAL $__interval_s second) AS at, sum(rows) AS a_week_before
FROM session_events
WHERE type = 'StatementOutcome'
  AND time >= $__fromTime - INTERVAL 7 DAY AND time <= $__toTime - INTERVAL 7 DAY
  AND ${chosen}
GROUP BY at
ORDER BY at`;

const rowsAndAWeekBefore = overTime(
  'Rows, and a week before',
  [
    `SELECT $__timeInterval(time) AS at, sum(rows) AS now\n${outcomes}\nGROUP BY at\nORDER BY at`,
    aWeekBefore,
  ],
  {
    description: 'Rows that clients got, beside what they got in the same hours seven days earlier.',
    unit: Short,
  },
);

const byClass = overTime(
  'Masked values by class',
  `SELECT $__timeInterval(time) AS at, class, sum(values_of) AS masked_values
FROM (SELECT time, mapKeys(masked) AS classes, mapValues(masked) AS counts
${outcomes})
ARRAY JOIN classes AS class, counts AS values_of
GROUP BY at, class
ORDER BY at, class`,
  {
    description: 'Values that clients got masked, by data class.',
    ...{ unit: Short, stacked: true, by: 'class' },
  },
);

const byConnection = overTime(
  'Rows by connection',
  `SELECT $__timeInterval(time) AS at, connection, sum(rows) AS rows_out
${outcomes}
GROUP BY at, connection
ORDER BY at, connection`,
  { description: 'Rows that clients got, by connection.', unit: Short, stacked: true, by: 'connection' },
);

const whoTookMost = list(
  'Who took most',
  `SELECT identity, connection, count() AS results, sum(rows) AS rows_out, max(rows) AS largest_rows,
  sum(bytes) AS bytes_out, sum(${maskedValues}) AS masked_values, max(time) AS last
${outcomes} AND rows > 0
GROUP BY identity, connection
ORDER BY bytes_out DESC, identity, connection
LIMIT 50`,
  {
    description: 'Results with at least one row, by identity and connection; the largest volume first.',
    columns: { identity: { links: [drillDown], width: 260 }, bytes_out: { unit: BytesIEC } },
  },
);

const largestResults = list(
  'Largest results',
  `SELECT time, identity, connection, rows, bytes, arrayStringConcat(mapKeys(masked), ', ') AS classes, session_id, statement_id
${outcomes} AND rows > 0
ORDER BY rows DESC, time DESC
LIMIT 50`,
  {
    description: 'Single statements by the rows that they gave; the classes are those of masked values.',
    columns: {
      identity: { links: [drillDown] },
      bytes: { unit: BytesIEC },
      session_id: { links: [openSession] },
      statement_id: { links: [openDecision] },
    },
  },
);

const tablesRead = list(
  'Tables read',
  `SELECT arrayJoin(tables) AS table_name, uniqExact(who) AS identities, count() AS statements,
  sum(rows_of) AS rows_out, sum(bytes_of) AS bytes_out, max(last_of) AS last
FROM (
${byStatement(`anyIf(tables_read, type = 'StatementReceived') AS tables, any(identity) AS who,
  sumIf(rows, type = 'StatementOutcome') AS rows_of, sumIf(bytes, type = 'StatementOutcome') AS bytes_of, max(time) AS last_of`)}
)
GROUP BY table_name
ORDER BY rows_out DESC, table_name
LIMIT 50`,
  {
    description:
      'Tables that statements read, with the rows of these: a statement over two tables counts for both.',
    columns: { table_name: { width: 260 }, bytes_out: { unit: BytesIEC } },
  },
);

const copiedOut = list(
  'Copied out',
  `SELECT began, identity_of AS identity, connection_of AS connection, arrayStringConcat(tables, ', ') AS table_names,
  rows_of AS rows_out, bytes_of AS bytes_out, session_id, statement_id
FROM (
${byStatement(`min(time) AS began, any(identity) AS identity_of, any(connection) AS connection_of,
  anyIf(kinds, type = 'StatementReceived') AS kinds_of, anyIf(tables_read, type = 'StatementReceived') AS tables,
  sumIf(rows, type = 'StatementOutcome') AS rows_of, sumIf(bytes, type = 'StatementOutcome') AS bytes_of`)}
)
WHERE has(kinds_of, 'copy') AND bytes_of > 0
ORDER BY bytes_of DESC, began
LIMIT 50`,
  {
    description: 'COPY … TO: whole tables, or queries, as files.',
    columns: {
      identity: { links: [drillDown] },
      bytes_out: { unit: BytesIEC },
      session_id: { links: [openSession] },
      statement_id: { links: [openDecision] },
    },
  },
);

export const exfiltration = () =>
  dashboard({
    uid: 'weir-exfiltration',
    title: 'exfiltration',
    description: 'What left, who took it, and what detectors say of it.',
    sections: [
      { title: 'Now', panels: [...openFindingStats(), ...totals] },
      { title: 'Findings', panels: exfiltrationFindings() },
      { title: 'What left', panels: [volumeByIdentity, rowsAndAWeekBefore, byClass, byConnection] },
      { title: 'Who and what', panels: [whoTookMost, largestResults, tablesRead, copiedOut] },
    ],
  });
