import { publicTables } from '#audit-store';
import {
  ApprovalDecidedSchema,
  ApprovalRequestedSchema,
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
  ...{ findingId: 'fnd_1', detector: 'bulk-read', version: 'v1', title: 'More rows of a table than ever' },
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
  risk: 'high',
};

/** Whether the store has the view itself. Until then its columns stand in the query: a name of its own, as auditors may have them. */
const hasFindings = (publicTables as readonly string[]).includes('findings');

const standIn = `findings AS (
  SELECT 'fnd_1' AS finding_id, toDateTime64('2026-10-12 09:04:30', 6, 'UTC') AS time, 'bulk-read' AS detector, 'v1' AS version,
    '${finding.title}' AS title, 'high' AS severity, 'T1530' AS technique, 'corp:dan' AS identity, '' AS on_behalf_of,
    'orders' AS connection, 'public.orders' AS subject, toDateTime64('2026-10-12 09:00:00', 6, 'UTC') AS window_start,
    toDateTime64('2026-10-12 10:00:00', 6, 'UTC') AS window_end, '${finding.evidence}' AS evidence, ['ses_b'] AS sessions,
    ['stm_b3'] AS statements, 'high' AS risk, 'open' AS state, '' AS state_reason, 'inc_1' AS incident)`;

/** The audit service, with sessions and changes of October, requests that nobody decides, and one finding. */
export class DashboardStage {
  private constructor(private readonly house: ClickHouseHouse) {}

  static async set(): Promise<DashboardStage> {
    const house = await startClickHouseHouse([]);
    await house.append(topics.session, sessionsOfOctober());
    for (const [topic, events] of controlOfOctober()) await house.append(topic, events);
    await house.append(topics.approval, undecided());
    if (hasFindings) await house.append(topics.finding, [raised()]);
    await house.cover();
    await house.append(topics.session, lostSession());
    return new DashboardStage(house);
  }

  /** `host:port` of Grafana's door. */
  get address(): string {
    return new URL(this.house.url).host;
  }

  /** What can be asked of this store. */
  askable(sql: string): string {
    return !hasFindings && /\bfindings\b/.test(sql) ? `WITH ${standIn}\n${sql}` : sql;
  }

  /** At Grafana's door: the check, the reader and the limits of auditors' SQL. */
  async ask(sql: string): Promise<Shaped> {
    const query = this.askable(sql);
    const { status, text } = await ask(this.house, query, {
      default_format: 'JSONCompactEachRowWithNamesAndTypes',
    });
    if (status !== 200) throw new Error(`${text}\n${query}`);
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

const raised = () =>
  encodeEnvelope(
    newEvent(FindingRaisedSchema, finding, {
      ...{ source: 'audit/1', subject: 'corp:dan', clock: new ManualClock(at('10-12T09:04:30')) },
    }),
  );
