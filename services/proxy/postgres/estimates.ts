import { isAppError } from '#kernel';
import type { Estimate, Parameter, TargetAddress } from '../gate/gate.js';
import { frontend as type, int16, int32, message as frame } from './codec.js';
import { estimateOf } from './estimate-plan.js';
import type { EstimateQuestion } from './estimate-question.js';
import { TargetError } from './target-channel.js';
import { connectTarget, type Target } from './target.js';

/** Milliseconds. The server's own timeouts end it; one that keeps none is not waited for. */
const planWithin = 2_000;
const connectWithin = 2_000;
const silence = 3_000;
/** At a time, of this process: an estimate is good to have, and no reason to fill a target with connections. */
const mostAtOnce = 4;

/**
 * Asks targets what their planner expects of a statement that waits for a person: EXPLAIN, never EXPLAIN ANALYZE, on a
 * connection of its own with the connection's credential, in a read only transaction, which is never committed.
 */
export class Estimates {
  private running = 0;

  /** `settings`: of the session that asks. Never rejects. */
  async ask(
    address: TargetAddress,
    question: EstimateQuestion,
    settings: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<Estimate> {
    if (signal.aborted) return { unavailable: 'the client is gone' };
    if (this.running >= mostAtOnce) return { unavailable: 'too many were asked for at the same time' };
    this.running++;
    try {
      return await explained(address, question, settings, signal);
    } catch (error) {
      return { unavailable: reasonOf(error) };
    } finally {
      this.running--;
    }
  }
}

async function explained(
  address: TargetAddress,
  question: EstimateQuestion,
  settings: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<Estimate> {
  const startup = new Map([['application_name', 'weirkeeper estimate']]);
  // Its role was judged by the session's own login.
  const target = await connectTarget({ ...address, allowPrivileged: true }, startup, silence, connectWithin);
  const leave = () => target.stream.destroy();
  signal.addEventListener('abort', leave);
  try {
    if (signal.aborted) return { unavailable: 'the client is gone' };
    await target.query(`begin read only; ${local(settings)}`);
    return await explain(target, question);
  } finally {
    signal.removeEventListener('abort', leave);
    target.close();
  }
}

async function explain(target: Target, { text, types, parameters }: EstimateQuestion): Promise<Estimate> {
  // Parse takes one statement and no more, whatever the text holds.
  const rows = await target.exchange(
    Buffer.concat([
      frame(type.parse, '', `EXPLAIN (FORMAT JSON) ${text}`, int16(types.length), ...types.map(int32)),
      frame(type.bind, '', '', ...bound(parameters), int16(0)),
      frame(type.execute, '', 0),
      frame(type.sync),
    ]),
  );
  return estimateOf(rows.map(([line]) => line ?? '').join('\n'));
}

/* formats: count:int16 [format:int16]*   values: count:int16 [size:int32 bytes]*   size = -1 is NULL */
function bound(parameters: readonly Parameter[]): Buffer[] {
  const formats = parameters.map(({ format }) => int16(format));
  const values = parameters.flatMap(({ value, format }) => {
    if (value === null) return [int32(-1)];
    const bytes = format === 1 ? Buffer.from(value.slice(2), 'hex') : Buffer.from(value);
    return [int32(bytes.length), bytes];
  });
  return [int16(parameters.length), ...formats, int16(parameters.length), ...values];
}

/** standard_conforming_strings is on: a quote is the only character that ends a literal. */
function local(settings: ReadonlyMap<string, string>): string {
  const own = [
    ['lock_timeout', '500ms'],
    ['statement_timeout', `${planWithin}ms`],
  ] as const;
  const set = [...settings, ...own].map(
    ([name, value]) => `pg_catalog.set_config('${name}', '${value.replaceAll("'", "''")}', true)`,
  );
  return `select ${set.join(', ')}`;
}

/** The server's words may hold values: only what the code means is told. */
function reasonOf(error: unknown): string {
  if (isAppError(error)) return 'the target takes no connection for it';
  if (!(error instanceof TargetError)) return 'the target did not answer in time';
  const known: Readonly<Record<string, string>> = {
    '42501': 'the connection’s role may not do it: permission denied',
    '55P03': 'what it touches is locked by another session',
    '57014': `planning took longer than ${planWithin / 1000} s`,
    '42P01': 'it names a table that only its session has',
  };
  return known[error.code] ?? `the target refused to plan it (${error.code.replace(/[^0-9A-Z]/g, '')})`;
}
