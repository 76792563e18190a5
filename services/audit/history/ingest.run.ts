import { statSync } from 'node:fs';
import { AppError } from '#kernel';
import { eventsOf } from './event.lines.js';
import { givenInput } from './given.input.js';
import { HistoryLoading } from './history.loading.js';
import { openHistory, type HistoryStore } from './history.store.js';
import { sizeOf, type HistorySize } from './history.size.js';
import { LeftOut, type LeftOutLine } from './left-out.js';
import { linesOf, type TextLine } from './text.lines.js';

export interface IngestRequest {
  /** `-`: stdin. */
  readonly files: readonly string[];
  readonly store: string;
}

export interface IngestResult {
  readonly store: string;
  /** Lines of these files that hold an event; those that the store had before are among them. */
  readonly events: number;
  /** Of them, those that it did not have. */
  readonly added: number;
  readonly leftOut: number;
  /** The first of them. */
  readonly lines: readonly LeftOutLine[];
  /** Of all that is in the store now. */
  readonly history: HistorySize;
}

/** Milliseconds between two words on how far it is. */
const sayEvery = 5000;

/** Files into a history's store. `say`: a line for a person who waits. */
export async function runIngest(
  { files, store: folder }: IngestRequest,
  say: (text: string) => void,
): Promise<IngestResult> {
  for (const file of files) expectFile(file);
  const store = await openHistory(folder);
  try {
    const before = await sizeOf(store);
    const leftOut = new LeftOut(say);
    let events = 0;
    for (const file of files) events += await load(store, file, leftOut, say);
    const history = await sizeOf(store);
    return {
      ...{ store: folder, events, added: history.events - before.events },
      ...{ leftOut: leftOut.count, lines: leftOut.first, history },
    };
  } finally {
    await store.close();
  }
}

/** Before anything is loaded: a name is soon misspelt. */
function expectFile(path: string): void {
  if (path === '-') return;
  try {
    if (!statSync(path).isDirectory()) return;
  } catch (cause) {
    throw new AppError('INPUT_INVALID', `${path} does not exist or cannot be read`, { cause });
  }
  throw new AppError('INPUT_INVALID', `${path} is a folder`);
}

async function load(
  store: HistoryStore,
  path: string,
  leftOut: LeftOut,
  say: (text: string) => void,
): Promise<number> {
  const loading = await HistoryLoading.begin(store.writer);
  let events = 0;
  for await (const event of eventsOf(withProgress(path, say), leftOut.of(path))) {
    await loading.add(event);
    events++;
  }
  await loading.flush();
  return events;
}

/** A word now and then on how far a long file is. */
async function* withProgress(path: string, say: (text: string) => void): AsyncGenerator<TextLine> {
  const size = path === '-' ? 0 : statSync(path).size;
  let said = performance.now();
  for await (const line of linesOf(path === '-' ? givenInput() : path)) {
    yield line;
    if (line.number % 1000 !== 0 || performance.now() - said < sayEvery) continue;
    said = performance.now();
    const part = size > 0 ? `, ${Math.floor((100 * line.read) / size)} %` : '';
    say(`${path}: ${line.number} lines${part}`);
  }
}
