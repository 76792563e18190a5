import { randomBytes } from 'node:crypto';
import type { SearchPath } from './catalog.js';
import { byte, frontend as type, int16, message as frame, readDataRow, readReport } from './codec.js';
import { meaningful } from './estimate-question.js';
import type { SessionParts } from './session-parts.js';

/** One question of the gate's own to the target, and its answer. */
export interface Probe {
  fields: Buffer | undefined;
  /** The last DataRow. */
  row: Buffer | undefined;
  error: Buffer | undefined;
  /** CloseCompletes after which it is over, where a Flush ends it. */
  closes: number;
  settle: () => void;
}

/** Asks the target itself, in segments of the gate's own. */
export class Questions {
  constructor(private readonly parts: SessionParts) {}

  /** The columns of a text; nothing of it is executed. */
  async describe(text: string): Promise<Probe> {
    const { conversation, toTarget } = this.parts;
    await conversation.quiet();
    const name = `weirkeeper ${randomBytes(8).toString('hex')}`;
    return new Promise((resolve) => {
      const probe = newProbe(resolve);
      toTarget.push(frame(type.parse, name, text, Buffer.alloc(2)));
      toTarget.push(frame(type.describe, byte(0x53), name));
      toTarget.push(frame(type.close, byte(0x53), name));
      toTarget.push(frame(type.sync));
      conversation.expected.push({ kind: 'own', probe });
      this.parts.flush();
    });
  }

  /** The session's search_path, as schemas that there are. In an open segment without a Sync, which would commit. */
  searchPath(): Promise<void> {
    const { namespace } = this.parts;
    // At once, before anybody who waits for quiet goes on.
    return this.ask(searchPathQuery, (probe) => namespace.answered(pathIn(probe)));
  }

  /** The session's settings by which a text means what it means; undefined where the target did not say. */
  async settings(): Promise<ReadonlyMap<string, string> | undefined> {
    let settings: ReadonlyMap<string, string> | undefined;
    await this.ask(settingsQuery, (probe) => (settings = settingsIn(probe)));
    return settings;
  }

  private ask(query: string, answered: (probe: Probe) => void): Promise<void> {
    const { conversation, toTarget } = this.parts;
    const { segmentOpen } = conversation;
    const name = `weirkeeper ${randomBytes(8).toString('hex')}`;
    return new Promise((resolve) => {
      const known = (probe: Probe) => {
        answered(probe);
        resolve();
      };
      toTarget.push(frame(type.parse, name, query, int16(0)));
      toTarget.push(frame(type.bind, name, name, int16(0), int16(0), int16(0)));
      toTarget.push(frame(type.execute, name, 0));
      for (const what of [0x50, 0x53]) toTarget.push(frame(type.close, byte(what), name));
      toTarget.push(frame(segmentOpen ? type.flush : type.sync));
      conversation.expected.push({ kind: 'own', probe: newProbe(known, segmentOpen ? 2 : 0) });
      this.parts.flush();
    });
  }
}

/** Asked in the session itself. */
export const searchPathQuery = 'SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(true))';

const settingsQuery = `SELECT pg_catalog.json_build_array(${meaningful
  .map((name) => `pg_catalog.current_setting('${name}')`)
  .join(', ')})`;

function settingsIn({ row, error }: Probe): ReadonlyMap<string, string> | undefined {
  const [value] = (error === undefined && row && readDataRow(row)) || [];
  const values: unknown = value && JSON.parse(value.toString('utf8'));
  if (!Array.isArray(values) || values.length !== meaningful.length) return undefined;
  return new Map(meaningful.map((name, i) => [name, String(values[i])]));
}

function newProbe(resolve: (probe: Probe) => void, closes = 0): Probe {
  const probe: Probe = {
    fields: undefined,
    row: undefined,
    error: undefined,
    closes,
    settle: () => resolve(probe),
  };
  return probe;
}

/** The schemas in which the session looks; 'unknown' where the target did not say. */
function pathIn({ row, error }: Probe): SearchPath {
  const [value] = (error === undefined && row && readDataRow(row)) || [];
  const schemas: unknown = value && JSON.parse(value.toString('utf8'));
  return Array.isArray(schemas) ? schemas.map(String) : 'unknown';
}

/** Why the target could not answer, without what may be a value. */
export function failureOf({ error }: Probe): string {
  return (error && readReport(error).get('C')) ?? 'nothing';
}
