import { Short } from '@grafana/grafana-foundation-sdk/units';
import { byStatement, maskedValues, sessionEvents } from './parts/events.sql.js';
import { drillDown, openDecision, openSession } from './parts/links.js';
import { list, overTime, stat } from './parts/panels.js';
import { dashboard } from './parts/sheet.js';

type Counted = 'masked' | 'revealed';

const resultsWith = (counted: Counted) => `${sessionEvents('StatementOutcome')} AND notEmpty(${counted})`;
const outcomes = resultsWith('masked');

/** A row for each class of a result. */
const byClass = (
  columns: string,
  counted: Counted = 'masked',
) => `FROM (SELECT ${columns}, mapKeys(${counted}) AS classes, mapValues(${counted}) AS counts
${resultsWith(counted)})
ARRAY JOIN classes AS class, counts AS values_of`;

const totals = [
  stat('Values', `SELECT sum(${maskedValues}) AS masked_values\n${outcomes}`, {
    description: 'Values that clients got masked.',
    unit: Short,
  }),
  stat('Classes', `SELECT uniqExact(class) AS classes_seen\n${byClass('time')}`, {
    description: 'Different data classes among them.',
    unit: Short,
  }),
  stat('Identities', `SELECT uniqExact(identity) AS identities\n${outcomes}`, {
    description: 'Who got them.',
    unit: Short,
  }),
  stat('Results', `SELECT count() AS results\n${outcomes}`, {
    description: 'Results with at least one.',
    unit: Short,
  }),
];

const overTheTime = overTime(
  'Values by class',
  `SELECT $__timeInterval(time) AS at, class, sum(values_of) AS masked_values\n${byClass('time')}\nGROUP BY at, class\nORDER BY at, class`,
  { description: 'Values that clients got masked.', unit: Short, stacked: true, by: 'class' },
);

const identitiesByClass = overTime(
  'Identities by class',
  `SELECT $__timeInterval(time) AS at, class, uniqExact(who) AS identities\n${byClass('time, identity AS who')}\nGROUP BY at, class\nORDER BY at, class`,
  { description: 'How many got values of it.', unit: Short, by: 'class' },
);

const whoGotWhat = list(
  'Who got what',
  `SELECT class, who AS identity, sum(values_of) AS masked_values, max(values_of) AS largest, count() AS results, min(time) AS first, max(time) AS last
${byClass('time, identity AS who')}
GROUP BY class, who
ORDER BY masked_values DESC, class, who
LIMIT 200`,
  {
    description: 'By class and identity; the largest is of one result.',
    columns: { identity: { links: [drillDown], width: 260 } },
  },
);

const whereFrom = list(
  'From which connection',
  `SELECT class, from_where AS connection, sum(values_of) AS masked_values, uniqExact(who) AS identities, max(time) AS last
${byClass('time, identity AS who, connection AS from_where')}
GROUP BY class, from_where
ORDER BY masked_values DESC, class, from_where
LIMIT 200`,
  { description: 'By class and connection.', span: 12 },
);

const tables = list(
  'From which tables',
  `SELECT class, arrayJoin(tables) AS table_name, sum(values_of) AS masked_values, count() AS statements
FROM (
${byStatement(`anyIf(tables_read, type = 'StatementReceived') AS tables, anyIf(masked, type = 'StatementOutcome') AS masked_of`)}
)
ARRAY JOIN mapKeys(masked_of) AS class, mapValues(masked_of) AS values_of
GROUP BY class, table_name
ORDER BY masked_values DESC, class, table_name
LIMIT 200`,
  { description: 'By the tables of the statement: one over two tables counts for both.', span: 12 },
);

const largest = list(
  'Results with most',
  `SELECT time, identity, connection, ${maskedValues} AS masked_values, arrayStringConcat(mapKeys(masked), ', ') AS classes, rows, session_id, statement_id
${outcomes}
ORDER BY masked_values DESC, time DESC
LIMIT 100`,
  {
    description: 'Single statements by the values that were masked.',
    columns: {
      identity: { links: [drillDown] },
      session_id: { links: [openSession] },
      statement_id: { links: [openDecision] },
    },
  },
);

const clearOverTime = overTime(
  'In the clear by class',
  `SELECT $__timeInterval(time) AS at, class, sum(values_of) AS clear_values\n${byClass('time', 'revealed')}\nGROUP BY at, class\nORDER BY at, class`,
  { description: 'Values that a policy let out in the clear.', unit: Short, stacked: true, by: 'class' },
);

const whoGotItClear = list(
  'Who got it in the clear',
  `SELECT class, who AS identity, sum(values_of) AS clear_values, max(values_of) AS largest, count() AS results, min(time) AS first, max(time) AS last
${byClass('time, identity AS who', 'revealed')}
GROUP BY class, who
ORDER BY clear_values DESC, class, who
LIMIT 200`,
  {
    description: 'By class and identity; the largest is of one result.',
    columns: { identity: { links: [drillDown], width: 260 } },
    span: 12,
  },
);

export const classes = () =>
  dashboard({
    uid: 'weir-classes',
    title: 'classes leaving',
    description: 'Sensitive values by data class, masked and in the clear: who got them, and from where.',
    sections: [
      { title: 'In short', panels: totals },
      { title: 'Over time', panels: [overTheTime, identitiesByClass] },
      { title: 'In the clear', panels: [clearOverTime, whoGotItClear] },
      { title: 'Who and where from', panels: [whoGotWhat, whereFrom, tables, largest] },
    ],
  });
