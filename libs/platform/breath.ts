import { cpus } from 'node:os';

/** Below this share of idle processors the machine has something better to do. */
const busyBelow = 0.15;
/** How much longer than it worked the work then rests, and the longest rest. Milliseconds. */
const restFactor = 9;
const longestRest = 3000;
/** Work that is further behind than this rests no longer than it works. Milliseconds. */
const farBehind = 30_000;

export interface ProcessorTimes {
  readonly idle: number;
  readonly total: number;
}

/**
 * How long work that can wait (shipping, ingest) rests after a batch. In a burst the sessions need the processors, and
 * the journal and the log keep what waits: so on a busy machine it goes at a tenth of its pace, on an idle one at all of
 * it. (Niceness alone does not do that: sessions sleep often, and each time the rest of a slice is the other's.) No
 * burst lasts for ever, though: who is far behind shares the processors evenly.
 */
export class Breath {
  private last: ProcessorTimes;

  constructor(private readonly read: () => ProcessorTimes = processorTimes) {
    this.last = read();
  }

  /** Milliseconds, after `worked` milliseconds of work, `behind` of what happens now; measured since it was last asked. */
  after(worked: number, behind = 0): number {
    const now = this.read();
    const total = now.total - this.last.total;
    const idle = total <= 0 ? 1 : (now.idle - this.last.idle) / total;
    this.last = now;
    if (idle >= busyBelow) return 0;
    return Math.min(worked * (behind > farBehind ? 1 : restFactor), longestRest);
  }
}

/** Of a process that shares its house with sessions, or of one that does not: there whoever else keeps the machine busy is no reason. */
export function breathOf(yields: boolean): Pick<Breath, 'after'> {
  return yields ? new Breath() : { after: () => 0 };
}

function processorTimes(): ProcessorTimes {
  let [idle, total] = [0, 0];
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.idle + times.user + times.sys + times.nice + times.irq;
  }
  return { idle, total };
}
