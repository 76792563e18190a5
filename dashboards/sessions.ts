import { BytesIEC, Seconds, Short } from '@grafana/grafana-foundation-sdk/units';
import { allSessionEvents, sessionEvents } from './parts/events.sql.js';
import { drillDown, openSession } from './parts/links.js';
import { list, overTime, stat } from './parts/panels.js';
import { dashboard } from './parts/sheet.js';

/** Whole sessions, of which something lies in the panel's time: by their ids the view reads no others. */
const whole = `FROM sessions
WHERE session_id IN (SELECT session_id ${allSessionEvents})`;

/** A session as far as the panel's time goes. */
const bySession = `SELECT session_id, max(type = 'SessionEnded') AS is_over
${allSessionEvents}
GROUP BY session_id`;

const totals = [
  stat('Sessions', `SELECT uniqExact(session_id) AS sessions\n${allSessionEvents}`, {
    description: 'Sessions in which something happened.',
    unit: Short,
  }),
  stat('Not over', `SELECT countIf(is_over = 0) AS not_over\nFROM (\n${bySession}\n)`, {
    description:
      'Of these, the ones whose end is not in this time: with a time that ends now, those that are open.',
    unit: Short,
  }),
  stat(
    'Longest',
    `SELECT max(dateDiff('second', started_at, ifNull(ended_at, last_event_at))) AS longest_s\n${whole}`,
    { description: 'From the first event to the last.', unit: Seconds },
  ),
  stat('Lost', `SELECT count() AS lost\n${sessionEvents('SessionEnded')} AND end_reason = 'lost'`, {
    description: 'Sessions whose proxy died.',
    ...{ unit: Short, alarming: 1 },
  }),
  stat(
    'Cut short',
    `SELECT count() AS ended\n${sessionEvents('SessionEnded')} AND startsWith(end_reason, 'ended:')`,
    {
      description: 'By security, by their age, or by a shutdown.',
      unit: Short,
    },
  ),
  stat('With gaps', `SELECT countIf(missing != 0) AS with_gaps\n${whole}`, {
    description: 'Sessions with a place in their sequence that no event fills. Any: `weir verify` names it.',
    ...{ unit: Short, alarming: 1 },
  }),
];

const begun = overTime(
  'Begun, by connection',
  `SELECT $__timeInterval(time) AS at, connection, count() AS begun\n${sessionEvents('SessionStarted')}\nGROUP BY at, connection\nORDER BY at, connection`,
  { description: 'Sessions that began.', unit: Short, stacked: true, by: 'connection' },
);

const ended = overTime(
  'Ended, by reason',
  `SELECT $__timeInterval(time) AS at, if(startsWith(end_reason, 'ended:'), 'cut short', end_reason) AS why, count() AS ended
${sessionEvents('SessionEnded')}
GROUP BY at, why
ORDER BY at, why`,
  { description: 'Sessions that ended, and why.', unit: Short, stacked: true, by: 'why' },
);

const active = overTime(
  'Active sessions',
  `SELECT $__timeInterval(time) AS at, uniqExact(session_id) AS active, uniqExact(identity) AS identities\n${allSessionEvents}\nGROUP BY at\nORDER BY at`,
  { description: 'Sessions and identities of which there is an event.', unit: Short },
);

const programs = overTime(
  'By program',
  `SELECT $__timeInterval(time) AS at, client_program, count() AS begun\n${sessionEvents('SessionStarted')}\nGROUP BY at, client_program\nORDER BY at, client_program`,
  {
    description: 'Sessions that began, by what the client says it is.',
    ...{ unit: Short, stacked: true, by: 'client_program' },
  },
);

const ids = { session_id: { links: [openSession] }, identity: { links: [drillDown] } };

const newest = list(
  'Sessions',
  `SELECT started_at, ended_at, identity, on_behalf_of, connection, replaceRegexpOne(source_address, ':[0-9]+$', '') AS address, client_program,
  statements, denied, held, errors, rows, bytes, masked_values, end_reason, session_id
${whole}
ORDER BY started_at DESC, session_id
LIMIT 200`,
  {
    description: 'The newest two hundred, each as a whole, whatever of it lies outside of this time.',
    columns: { ...ids, bytes: { unit: BytesIEC } },
  },
);

const gaps = list(
  'Sessions with gaps',
  `SELECT started_at, identity, connection, last_seq, events, missing, end_reason, session_id
${whole} AND missing != 0
ORDER BY started_at DESC, session_id
LIMIT 100`,
  {
    description: 'Events that are not here: on their way, a dead letter, or taken away.',
    ...{ columns: ids, empty: 'no session with a gap', span: 12 },
  },
);

const addresses = list(
  'Addresses',
  `SELECT replaceRegexpOne(source_address, ':[0-9]+$', '') AS address, uniqExact(session_id) AS sessions, uniqExact(identity) AS identities,
  min(time) AS first, max(time) AS last
${allSessionEvents}
GROUP BY address
ORDER BY identities DESC, sessions DESC, address
LIMIT 200`,
  { description: 'Where clients came from; those that several identities share come first.', span: 12 },
);

export const sessions = () =>
  dashboard({
    uid: 'weir-sessions',
    title: 'sessions',
    description: 'Who was connected, from where, and how it ended.',
    sections: [
      { title: 'In short', panels: totals },
      { title: 'Over time', panels: [begun, ended, active, programs] },
      { title: 'One by one', panels: [newest, gaps, addresses] },
    ],
  });
