import {
  ApprovalDecidedSchema,
  ApprovalRequestedSchema,
  DetectorsPublishedSchema,
  encodeEnvelope,
  FindingRaisedSchema,
  newEvent,
  topics,
  type EncodedEnvelope,
} from '#events';
import { ManualClock } from '#kernel';
import { controlOfOctober, lostSession, sessionsOfOctober } from '../support/audited-october.js';
import { readShaped, type Shaped } from '../support/answer-shape.js';
import { ask, startClickHouseHouse, type ClickHouseHouse } from './clickhouse.house.js';

type Schema = Parameters<typeof newEvent>[0];
type Init<T extends Schema> = Parameters<typeof newEvent<T>>[1];

const at = (text: string) => Date.parse(`2026-${text}Z`);

const finding = {
  ...{ findingId: 'fnd_b', detector: 'bulk-read', version: 'v1', title: 'More rows of a table than ever' },
  ...{
    severity: 'high',
    technique: 'T1530',
    identity: 'corp:dan',
    connection: 'orders',
    subject: 'public.orders',
  },
  ...{
    evidence: 'read 5,000 rows of public.orders; usual: 1',
    sessionIds: ['ses_b'],
    statementIds: ['stm_b3'],
  },
  ...{ windowStartUs: BigInt(at('10-12T09:00') * 1000), windowEndUs: BigInt(at('10-12T10:00') * 1000) },
  ...{ risk: 'high', quarantine: 'watch' },
};

/** What detection would have made of it: rows of a day, of the 28 days before, and first uses. */
const features = [
  `INSERT INTO weir.identity_hour_rows (hour, identity, connection, statements, version) VALUES ('2026-10-12 09:00:00', 'corp:dan', 'orders', 1000, 1)`,
  `INSERT INTO weir.identity_day_rows (day, identity, rows, version) VALUES ('2026-10-12', 'corp:dan', 5001, 1)`,
  `INSERT INTO weir.baseline_rows (day, scope, identity, day_rows_median, day_rows_most, version)
    VALUES ('2026-10-12', 'whole', 'corp:dan', 3, 20, 1), ('2026-10-12', 'identity', 'corp:dan', 1, 5, 1)`,
  `INSERT INTO weir.first_use_rows (identity, connection, kind, value, first_at, session_id)
    VALUES ('corp:dan', '', 'host', '10.0.0.6', '2026-10-12 09:00:00', 'ses_b')`,
];

/** The audit service, with sessions and changes of October, requests that nobody decides, and one finding. Detection is off. */
export class DashboardStage {
  private constructor(private readonly house: ClickHouseHouse) {}

  static async set(): Promise<DashboardStage> {
    const house = await startClickHouseHouse([], 'detection: { enabled: false }');
    for (const query of features) await house.control.command({ query });
    await house.append(topics.session, sessionsOfOctober());
    for (const [topic, events] of controlOfOctober()) await house.append(topic, events);
    await house.append(topics.approval, undecided());
    await house.append(topics.finding, [raised(), ...publishedDetectors()]);
    await house.cover();
    await house.append(topics.session, lostSession());
    return new DashboardStage(house);
  }

  /** `host:port` of Grafana's door. */
  get address(): string {
    return new URL(this.house.url).host;
  }

  /** At Grafana's door: the check, the reader and the limits of auditors' SQL. */
  async ask(sql: string): Promise<Shaped> {
    const { status, text } = await ask(this.house, sql, {
      default_format: 'JSONCompactEachRowWithNamesAndTypes',
    });
    if (status !== 200) throw new Error(`${text}\n${sql}`);
    return readShaped(text);
  }

  stop(): Promise<void> {
    return this.house.stop();
  }
}

/** One that nobody decides, and one that wants a second yes. */
function undecided(): EncodedEnvelope[] {
  const event = <T extends Schema>(time: string, approvalId: string, schema: T, init: Init<T>) =>
    encodeEnvelope(
      newEvent(schema, init, { source: 'gate/1', subject: approvalId, clock: new ManualClock(at(time)) }),
    );
  const asked = (time: string, approvalId: string, quorum: number) =>
    event(time, approvalId, ApprovalRequestedSchema, {
      ...{ approvalId, statementId: 'stm_x', text: 'select * from payments', connection: 'orders', quorum },
      ...{ requester: { id: 'corp:bot', kind: 'agent' }, reason: 'payments are held' },
    });
  const by = { id: 'corp:ana', kind: 'person' };
  return [
    asked('10-30T10:00', 'apr_3', 1),
    asked('10-30T11:00', 'apr_4', 2),
    event('10-30T11:01', 'apr_4', ApprovalDecidedSchema, { approvalId: 'apr_4', decision: 'approve', by }),
  ];
}

/** A file that was refused and is good by now, and one that is refused still. */
function publishedDetectors(): EncodedEnvelope[] {
  const set = (time: string, refused: Readonly<Record<string, string>>) =>
    encodeEnvelope(
      newEvent(
        DetectorsPublishedSchema,
        { detectors: ['ours.sql', 'more.sql'].map((file) => ({ file, refused: refused[file] ?? '' })) },
        { source: 'audit/1', subject: '-', clock: new ManualClock(at(time)) },
      ),
    );
  return [
    set('10-12T08:00', { 'ours.sql': 'ours.sql:9: syntax error', 'more.sql': 'more.sql:1: no header' }),
    set('10-12T09:00', { 'more.sql': 'more.sql:2: title: expected' }),
  ];
}

const raised = () =>
  encodeEnvelope(
    newEvent(FindingRaisedSchema, finding, {
      ...{ source: 'audit/1', subject: 'corp:dan', clock: new ManualClock(at('10-12T09:04:30')) },
    }),
  );
