import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#kernel';

/** What a process has to talk to another one: `process` itself in a worker, cluster's Worker in the gate. */
export interface Peer {
  send(message: unknown): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

/** Questions by name, each with one answer; plain data both ways. */
export type Answers = Readonly<Record<string, (question: never) => unknown>>;

interface Asked {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

type Message =
  | { readonly weir: 'ask'; readonly id: number; readonly name: string; readonly question: unknown }
  | { readonly weir: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly weir: 'failed'; readonly id: number };

const patience = 10_000;

/** Questions and answers between the gate's process and one of its workers, both ways over one channel. */
export class Channel {
  private readonly asked = new Map<number, Asked>();
  private last = 0;

  constructor(
    private readonly peer: Peer,
    private readonly answers: Answers,
  ) {
    peer.on('message', (message) => {
      if (isOurs(message)) this.received(message);
    });
  }

  /** Rejects with TIMEOUT after 10 s, or where the other side failed or has gone. */
  async ask<T>(name: string, question: unknown): Promise<T> {
    const id = ++this.last;
    const answer = new Promise<unknown>((resolve, reject) => this.asked.set(id, { resolve, reject }));
    const stop = new AbortController();
    try {
      this.peer.send({ weir: 'ask', id, name, question } satisfies Message);
      const late = sleep(patience, undefined, { signal: stop.signal, ref: false }).then(() => {
        throw failure(name);
      });
      late.catch(() => undefined);
      return (await Promise.race([answer, late])) as T;
    } finally {
      stop.abort();
      this.asked.delete(id);
    }
  }

  private received(message: Message): void {
    if (message.weir === 'ask') return void this.answer(message);
    const asked = this.asked.get(message.id);
    if (message.weir === 'answer') asked?.resolve(message.answer);
    else asked?.reject(failure('the question'));
  }

  private async answer({ id, name, question }: Message & { weir: 'ask' }): Promise<void> {
    try {
      const answer = await this.answers[name]?.(question as never);
      this.peer.send({ weir: 'answer', id, answer } satisfies Message);
    } catch {
      this.tellFailure(id);
    }
  }

  /** The asker may have gone meanwhile. */
  private tellFailure(id: number): void {
    try {
      this.peer.send({ weir: 'failed', id } satisfies Message);
    } catch {
      return;
    }
  }
}

const failure = (name: string) =>
  new AppError('TIMEOUT', `another process of the gate did not answer: ${name}`);

function isOurs(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'weir' in message;
}
