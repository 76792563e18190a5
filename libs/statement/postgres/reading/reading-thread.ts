import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { Names } from '../../lineage.js';
import { NamesAnswers } from './asked-names.js';
import type { FromReader, ReaderData, Task } from './reader.worker.js';
import type { Understanding } from './understanding.js';

/*
 * Deep nesting must end as RangeError before the parser's own stack, inside its memory, is used up: so a thread has the
 * stack of Node's main thread (984 KiB) and not its own default of 4 MiB. V8 keeps 192 KiB of it for itself.
 */
const stackSizeMb = (984 + 192) / 1024;

/** 1 MiB of text comes to some 200 MiB of tree at worst: what needs more ends the thread, and is refused. */
const maxOldGenerationSizeMb = 1024;

interface Work {
  readonly answers: NamesAnswers;
  readonly done: (found: Understanding) => void;
}

/** One thread and the one text that it reads. */
export class ReadingThread {
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private readonly bell = new Int32Array(new SharedArrayBuffer(4));
  private work: Work | undefined;
  private timer: NodeJS.Timeout | undefined;
  private gone = false;

  /** `file`: its code, compiled. */
  constructor(
    file: URL,
    private readonly timeoutMs: number,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const workerData: ReaderData = { answers: port2, bell: this.bell };
    this.worker = new Worker(file, {
      ...{ workerData, transferList: [port2], env: {}, execArgv: [] },
      resourceLimits: { stackSizeMb, maxOldGenerationSizeMb },
    });
    this.worker.on('message', (message: FromReader) => this.heard(message));
    this.worker.on('error', () =>
      this.end('the statement could not be understood: the thread reading it failed'),
    );
    this.worker.on('exit', () =>
      this.end('the statement could not be understood: the thread reading it ended'),
    );
    this.worker.unref();
    this.port.unref();
  }

  get isGone(): boolean {
    return this.gone;
  }

  /** Never rejects; of a thread that is gone afterwards nothing more may be asked. */
  read(text: string, names: Names): Promise<Understanding> {
    return new Promise((done) => {
      this.work = { answers: new NamesAnswers(names), done };
      this.worker.ref();
      this.timer = setTimeout(
        () => this.end(`the statement took more than ${this.timeoutMs} ms to be understood`),
        this.timeoutMs,
      );
      this.worker.postMessage({ text, anySensitive: names.anySensitive } satisfies Task);
    });
  }

  close(): void {
    this.end('the statement could not be understood: the thread reading it was ended');
  }

  private heard(message: FromReader): void {
    if (!this.work) return;
    if ('done' in message) return this.settle(message.done);
    try {
      this.port.postMessage(this.work.answers.answer(message.question));
      Atomics.store(this.bell, 0, 1);
      Atomics.notify(this.bell, 0);
    } catch {
      this.end('the statement could not be understood: what its names mean cannot be told');
    }
  }

  private end(reason: string): void {
    if (!this.gone) void this.worker.terminate();
    this.gone = true;
    this.port.close();
    this.settle({ kind: 'failed', reason });
  }

  private settle(found: Understanding): void {
    const { work } = this;
    this.work = undefined;
    clearTimeout(this.timer);
    this.worker.unref();
    work?.done(found);
  }
}

/** Threads run what was compiled: beside this file, or below dist where this is run from its source. */
export function readerFile(): URL {
  const here = new URL('./reader.worker.js', import.meta.url);
  return existsSync(fileURLToPath(here))
    ? here
    : new URL('../../../../dist/libs/statement/postgres/reading/reader.worker.js', import.meta.url);
}
