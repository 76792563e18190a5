import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AppError } from '#kernel';
import type { GateSession, Judgement, WindowBudget } from '../gate/gate.js';
import { Backend } from './backend.js';
import { backend, commandComplete, int16, message, readReport } from './codec.js';
import { Conversation } from './conversation.js';
import type { PlannedResult } from './result-plan.js';
import { Run } from './run.js';
import { Spending } from './spending.js';
import type { TargetPort } from './target-port.js';

const row = (value: string) => message(backend.dataRow, int16(1), value.length, Buffer.from(value));

/** A window that has one row now, and asks somewhere before it gives another. */
class Slices implements WindowBudget {
  left = 1;
  private give: (() => void) | undefined;
  constructor(private slices: number) {}

  rowsLeft = () => this.left;
  bytesLeft = () => Infinity;
  spent = (rows: number) => void (this.left -= rows);
  more() {
    if (this.slices-- === 0) return undefined;
    return new Promise<void>((resolve) => {
      this.give = () => {
        this.left++;
        resolve();
      };
    });
  }
  refusal = () => new AppError('BUDGET_EXCEEDED', 'the window is spent');

  async next(): Promise<void> {
    this.give?.();
    await turn();
  }
}

function stage(slices: number, onExcess = false, boundReason?: string) {
  const windows = new Slices(slices);
  const log: string[] = [];
  const outbox = (name: string) => ({
    push: (bytes: Buffer) => log.push(`${name} ${shown(bytes)}`),
    pushSlice: (buffer: Buffer, start: number, end: number) => {
      for (let at = start; at < end;) {
        const next = at + 1 + buffer.readInt32BE(at + 1);
        log.push(`${name} ${shown(buffer.subarray(at, next))}`);
        at = next;
      }
    },
  });
  const session = {
    windows: () => windows,
    outcome: () => undefined,
    hint: () => '',
    target: {},
    excess: async () => {
      await turn();
      return new AppError('BUDGET_EXCEEDED', 'the rest is held');
    },
  } as unknown as GateSession;
  const judgement = {
    bounded: true,
    effects: [],
    analysis: { text: '', statements: [] },
    verdict: { obligations: { ...(onExcess && { onExcess: {} }), boundReason } },
  } as unknown as Judgement;
  const conversation = new Conversation();
  const details = { how: 'extended' as const, parameters: [], portal: '' };
  const run = new Run('execute', judgement, details, undefined, session, 0, new Spending());
  run.execution = { statementId: 's', startedAt: 0, judgement };
  run.plan = { rows: { passthrough: true }, takeCounts: () => undefined } as unknown as PlannedResult;
  conversation.expected.push(run);
  const port = {
    conversation,
    session,
    limits: { settings: '' },
    namespace: { disturbed: () => undefined },
    toClient: outbox('client'),
    pause: () => log.push('pause'),
    resume: () => log.push('resume'),
    cancel: () => (log.push('cancel'), Promise.resolve()),
    fail: (error: unknown) => log.push(String(error)),
  } as unknown as TargetPort;
  return { backend: new Backend(port), windows, log, run };
}

function shown(bytes: Buffer): string {
  const code = String.fromCharCode(bytes[0]!);
  return code === 'E'
    ? `E ${readReport(bytes).get('M')}`
    : code === 'D'
      ? bytes.toString('latin1', 11)
      : code;
}

function hear(to: Backend, ...messages: Buffer[]): void {
  const bytes = Buffer.concat(messages);
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    to.message(bytes[at]!, bytes, at, end);
    at = end;
  }
  to.flushRows();
}

describe('rows that a window bounds', () => {
  it('wait for more in their order, and what follows them waits behind', async () => {
    const { backend: to, windows, log } = stage(2);
    hear(to, row('a'), row('b'), row('c'), commandComplete('SELECT 3'));
    expect(log).toEqual(['client a', 'pause']);
    await windows.next();
    expect(log).toEqual(['client a', 'pause', 'client b', 'pause']);
    await windows.next();
    expect(log.slice(4)).toEqual(['client c', 'client C', 'resume']);
  });

  it('end where the window gives no more, with its own words', async () => {
    const { backend: to, log } = stage(0);
    hear(to, row('a'), row('b'), commandComplete('SELECT 2'));
    expect(log).toEqual(['client a', 'cancel', 'client E the window is spent']);
  });

  it('end with the reason of the policy that bounds them', async () => {
    const { backend: to, log } = stage(0, false, 'exports are for reports');
    hear(to, row('a'), row('b'), commandComplete('SELECT 2'));
    expect(log.at(-1)).toBe('client E the window is spent: exports are for reports');
  });

  it('tell the client once somebody was asked for the rest', async () => {
    const { backend: to, log } = stage(0, true);
    hear(to, row('a'), row('b'), commandComplete('SELECT 2'));
    expect(log).toEqual(['client a', 'cancel', 'pause']);
    await turn();
    await turn();
    expect(log.slice(3)).toEqual(['client E the rest is held', 'resume']);
  });
});

describe('what must end before more is forwarded', () => {
  it('is every cancel that is under way', async () => {
    const conversation = new Conversation();
    const ends: (() => void)[] = [];
    for (let i = 0; i < 2; i++) conversation.await(new Promise((resolve) => ends.push(resolve)));
    let passed = false;
    void conversation.barrier!.then(() => (passed = true));
    ends[1]!();
    await turn();
    expect(passed).toBe(false);
    ends[0]!();
    await turn();
    expect(passed).toBe(true);
  });
});
