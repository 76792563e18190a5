import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { loadStatementParser } from '../parser.js';
import { redactLiterals } from '../redact.js';
import { AskedNames, type Answer, type Question } from './asked-names.js';
import { understand, type Understanding } from './understanding.js';

/** Over `answers`, and only while `bell` is awaited. */
export interface ReaderData {
  readonly answers: MessagePort;
  readonly bell: Int32Array<SharedArrayBuffer>;
}

export interface Task {
  readonly text: string;
  readonly anySensitive: boolean;
}

export type FromReader = { readonly question: Question } | { readonly done: Understanding };

const { answers, bell } = workerData as ReaderData;
const answerMs = 30_000;

parentPort!.on('message', (task: Task) => {
  // What the last text may have cost is made up for first: this one is to find a parser.
  void loadStatementParser().then(() => say({ done: read(task) }));
});

function say(message: FromReader): void {
  parentPort!.postMessage(message);
}

function read({ text, anySensitive }: Task): Understanding {
  const found = understand(text, new AskedNames(anySensitive, put));
  if (found.kind === 'failed') return found;
  const redacted = redactLiterals(text);
  if (found.kind === 'refused') return { ...found, redacted };
  // The other side has the text.
  return { ...found, analysis: { ...found.analysis, text: '' }, redacted };
}

/** Stands still until the other thread has answered: lineage asks in the middle of its work. */
function put(question: Question): Answer {
  Atomics.store(bell, 0, 0);
  say({ question });
  Atomics.wait(bell, 0, 0, answerMs);
  const received = receiveMessageOnPort(answers) as { message: Answer } | undefined;
  if (!received) throw new Error('what names mean was not answered');
  return received.message;
}
