import { createHash } from 'node:crypto';
import type { ClickHouseClient } from '#audit-store';
import { noIdentity } from '#domain';
import type { EventLog } from '#event-log';
import { DetectorsPublishedSchema, encodeEnvelope, newEvent, topics } from '#events';
import type { Clock } from '#kernel';
import type { Detector } from './detector.check.js';
import type { DetectorOwner } from './detectors.load.js';
import { rowsOf } from './store.sql.js';

/** A file of a folder of detectors, and what runs of it. */
export interface ShelvedFile {
  readonly file: string;
  readonly owner: DetectorOwner;
  /** Of what runs, or ran last; empty: nothing of it ever did. */
  readonly text: string;
  /** Why the file is refused as it stands; empty: it is not. */
  readonly refused: string;
  /** Undefined: nothing runs, or it was read from the log alone. */
  readonly detector: Detector | undefined;
}

/** Reasons do not count: an engine words them anew. */
export function setVersion(files: readonly ShelvedFile[]): string {
  const parts = files.map(({ file, owner, text, refused, detector }) => [
    file,
    owner,
    text,
    refused !== '',
    detector?.version ?? '',
  ]);
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

export interface Publishing {
  readonly log: Pick<EventLog, 'append'>;
  readonly source: string;
  readonly clock: Clock;
}

/** Resolves once it is on the log: which text a finding's version had stands there before the finding does. */
export async function publishDetectors(
  files: readonly ShelvedFile[],
  { log, source, clock }: Publishing,
): Promise<void> {
  const detectors = files.map(({ file, owner, text, refused, detector }) => ({
    ...{ file, owner, refused, text },
    ...(detector && {
      ...{ detector: detector.id, version: detector.version, title: detector.title },
      ...{ severity: detector.severity, technique: detector.technique, schedule: detector.schedule },
    }),
  }));
  const said = { version: setVersion(files), detectors };
  const event = newEvent(DetectorsPublishedSchema, said, { source, clock, subject: noIdentity });
  await log.append(topics.finding, [encodeEnvelope(event)]);
}

interface Publication {
  readonly version?: string;
  readonly detectors?: readonly {
    readonly file?: string;
    readonly owner?: string;
    readonly text?: string;
    readonly refused?: string;
  }[];
}

/** The last set that is stored; undefined: none is. */
export async function lastPublished(
  client: ClickHouseClient,
): Promise<{ readonly version: string; readonly files: readonly ShelvedFile[] } | undefined> {
  const [row] = await rowsOf<{ payload: string }>(
    client,
    `SELECT payload FROM weir.control_events WHERE topic = '${topics.finding}' AND type = 'DetectorsPublished'
     ORDER BY logged_at DESC, offset DESC LIMIT 1`,
  );
  if (!row) return undefined;
  const { version = '', detectors = [] } = JSON.parse(row.payload) as Publication;
  return {
    version,
    files: detectors.map(({ file = '', owner, text = '', refused = '' }) => ({
      ...{ file, text, refused, detector: undefined },
      owner: owner === 'shipped' ? 'shipped' : 'house',
    })),
  };
}
