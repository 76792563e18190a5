import { join } from 'node:path';
import { openEmbeddedLog } from '#event-log';
import { encodeEnvelope, FindingRaisedSchema, newEvent, topics } from '#events';
import { systemClock } from '#kernel';
import { eventually } from '../../support/house.js';
import type { PagesStage } from './stage.js';

/** What a spec says of a finding; the rest is of one bulk read. */
export interface Raised {
  readonly identity: string;
  readonly onBehalfOf?: string;
  readonly title?: string;
  readonly severity?: string;
  readonly detector?: string;
  readonly technique?: string;
  readonly connection?: string;
  readonly subject?: string;
  readonly evidence?: string;
  readonly sessionIds?: string[];
  readonly statementIds?: string[];
  readonly measures?: Record<string, number>;
  readonly risk?: string;
  readonly quarantine?: string;
}

const hourUs = 3_600_000_000n;
let soFar = 0;

/** Findings as a detector raises them: into the log. Resolves with their ids once the record has them. */
export async function raise({ house }: PagesStage, ...all: readonly Raised[]): Promise<string[]> {
  const log = openEmbeddedLog({ path: join(house.dataDir, 'log') });
  const now = BigInt(Date.now()) * 1000n;
  const findings = all.map((more) => ({
    ...{ findingId: `fnd_page_${++soFar}`, detector: 'bulk-read', version: 'a1b2c3d4e5f6a7b8' },
    ...{ title: 'More rows of a table than ever', severity: 'high', technique: 'T1530' },
    ...{ connection: 'demo', subject: 'public.customers', evidence, measures: { rows: 48_210, usual: 0 } },
    ...{ windowStartUs: now - hourUs, windowEndUs: now, risk: 'watch', riskUntilUs: now + 24n * hourUs },
    ...more,
  }));
  try {
    for (const finding of findings) {
      const origin = { source: 'spec', subject: finding.identity || '-', clock: systemClock };
      await log.append(topics.finding, [encodeEnvelope(newEvent(FindingRaisedSchema, finding, origin))]);
    }
  } finally {
    await log.close();
  }
  const ids = findings.map(({ findingId }) => findingId);
  await eventually(async () => (await stored(house, ids)) === ids.length);
  return ids;
}

const evidence =
  'read 48,210 rows of customers between 02:10 and 02:25; usual at this hour: 0; peers: at most 900';

async function stored(house: PagesStage['house'], ids: readonly string[]): Promise<number> {
  const wanted = ids.map((id) => `'${id}'`).join(', ');
  return (await house.sql(`SELECT finding_id FROM findings WHERE finding_id IN (${wanted})`)).length;
}
