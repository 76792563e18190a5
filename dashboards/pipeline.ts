import { Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { list, overTime, stat } from './parts/panels.js';
import { detection, gate, health, journal, processes } from './pipeline.metrics.js';
import { dashboard } from './parts/sheet.js';

/** By when it came here: what came late belongs to when it came. */
const stored = (table: string) => `FROM ${table}\nWHERE $__timeFilter(ingested_at)`;

const record = [
  stat('Dead letters', `SELECT count() AS dead_letters\n${stored('dead_letters')}`, {
    description: 'Events that could not be read. Any: see the table below.',
    unit: Short,
    alarming: 1,
  }),
  stat(
    'Stored within',
    `SELECT quantileExact(0.99)(dateDiff('millisecond', logged_at, ingested_at)) / 1000 AS p99_s\n${stored('session_events')}\nHAVING count() > 0`,
    {
      description: 'From the log to here, for ninety-nine of a hundred events of sessions.',
      ...{ unit: Seconds, alarming: 60, empty: 'none' },
    },
  ),
  stat(
    'Not covered',
    `SELECT countIf(e.offset > ifNull(c.through, -1)) AS not_covered
FROM (SELECT topic, partition, offset ${stored('session_events')}) AS e
LEFT JOIN (
  SELECT JSONExtractString(payload, 'topic') AS of_topic, toUInt32(JSONExtractUInt(payload, 'partition')) AS of_partition,
    toNullable(max(toInt64OrZero(JSONExtractString(payload, 'through')))) AS through
  FROM control_events
  WHERE topic = 'weir.proof.v1' AND type = 'TreeCut' AND $__timeFilter(time)
  GROUP BY of_topic, of_partition
) AS c ON e.topic = c.of_topic AND e.partition = c.of_partition`,
    {
      description:
        'Of the events of sessions that came in this time, the ones that no checkpoint of this time covers.',
      unit: Short,
    },
  ),
];

const toHere = overTime(
  'From the log to here',
  `SELECT $__timeInterval(ingested_at) AS at, quantileExact(0.5)(dateDiff('millisecond', logged_at, ingested_at)) / 1000 AS half,
  quantileExact(0.99)(dateDiff('millisecond', logged_at, ingested_at)) / 1000 AS ninety_nine_in_a_hundred
${stored('session_events')}
GROUP BY at
ORDER BY at`,
  { description: 'How long events of sessions took from the log into the audit store.', unit: Seconds },
);

const toTheLog = overTime(
  'From the gate to the log',
  `SELECT $__timeInterval(ingested_at) AS at, quantileExact(0.5)(dateDiff('millisecond', time, logged_at)) / 1000 AS half,
  quantileExact(0.99)(dateDiff('millisecond', time, logged_at)) / 1000 AS ninety_nine_in_a_hundred
${stored('session_events')}
GROUP BY at
ORDER BY at`,
  { description: 'How long they took from the journal into the log, by two clocks.', unit: Seconds },
);

const events = overTime(
  'Events of sessions stored',
  `SELECT $__timeInterval(ingested_at) AS at, count() AS stored\n${stored('session_events')}\nGROUP BY at\nORDER BY at`,
  { description: 'By when the audit store took them.', unit: Short },
);

const deadLetters = list(
  'Dead letters',
  `SELECT logged_at, topic, partition, offset, type, reason, session_id, seq\n${stored('dead_letters')}\nORDER BY logged_at DESC\nLIMIT 100`,
  { description: 'What could not be read, and why.', empty: 'all could be read' },
);

export const pipeline = () =>
  dashboard({
    uid: 'weir-pipeline',
    title: 'pipeline health',
    description:
      'From the gate through journal, log and audit store to the proof. Metrics are those of docs/metrics.md.',
    ofNobody: true,
    sections: [
      { title: 'Now', panels: [...health, ...record] },
      { title: 'The record itself', panels: [toHere, toTheLog, events, deadLetters] },
      { title: 'Gate', panels: gate },
      { title: 'Journal, log, audit', panels: journal },
      { title: 'Detection', panels: detection },
      { title: 'Processes', panels: processes },
    ],
  });
