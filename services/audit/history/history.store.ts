import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  connectAuditReader,
  connectAuditStore,
  database,
  detectionTables,
  migrateAuditStore,
  type ClickHouseClient,
} from '#audit-store';
import { AppError } from '#kernel';

const limits = { seconds: 300, memory: 4 * 2 ** 30, resultRows: 10_000, resultBytes: 128 << 20, threads: 2 };

/** Says what a folder is: nothing that was not made for a history is ever opened as one. */
const markFile = 'history.json';
const mark = { store: 'weir history', engine: 'embedded' };

/** Events of elsewhere, and what detection makes of them: tables like the record's, and no record. */
export interface HistoryStore {
  readonly writer: ClickHouseClient;
  readonly reader: ClickHouseClient;
  close(): Promise<void>;
}

/** Opens the store of a folder, or makes it where nothing is. CONFIG_INVALID says what else is there, or who has it open. */
export async function openHistory(folder: string): Promise<HistoryStore> {
  claim(folder);
  const config = { kind: 'embedded', path: join(folder, 'store') } as const;
  const writer = connect(config.path);
  try {
    await migrateAuditStore(writer);
    const reader = await connectAuditReader(config, limits);
    const close = async () => {
      await reader.close();
      await writer.close();
    };
    return { writer, reader, close };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/** Whether `ingest` was ever begun with this folder. */
export const isHistory = (folder: string): boolean => existsSync(join(folder, markFile));

/** A house's own folder has a record in it: events of elsewhere would be forged ones there. */
function claim(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, markFile);
  if (existsSync(file)) return expectMark(file);
  if (readdirSync(folder).length > 0)
    throw new AppError('CONFIG_INVALID', `${folder} is not empty, and no store of a history`, {
      hint: 'name an empty folder with --store: events of elsewhere go into a store of their own',
    });
  writeFileSync(file, `${JSON.stringify(mark)}\n`, { mode: 0o600 });
}

function expectMark(file: string): void {
  if (readFileSync(file, 'utf8').includes(mark.store)) return;
  throw new AppError('CONFIG_INVALID', `${file} is not that of a history`);
}

function connect(path: string): ClickHouseClient {
  try {
    return connectAuditStore({ kind: 'embedded', path });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    // An image for a ClickHouse server comes without it.
    const isMissing = code === 'MODULE_NOT_FOUND' || /^chdb: no native binding/.test(message);
    const says = isMissing ? 'the embedded engine is not installed here' : message.split('\n')[0];
    throw new AppError('CONFIG_INVALID', `the store ${path} cannot be opened: ${says}`, {
      cause,
      hint: isMissing
        ? 'run it where Weirkeeper is installed with its embedded store, such as the all-in-one image'
        : 'one process has it at a time: wait for the other, or name another folder with --store',
    });
  }
}

/** What detection made of events: it is made anew, of all that are there now and as the calendar is now. */
export async function forgetFeatures({ writer }: HistoryStore): Promise<void> {
  for (const table of Object.values(detectionTables))
    await writer.command({ query: `TRUNCATE TABLE ${database}.${table}` });
}
