import { cpus } from 'node:os';

/** Below this share of idle processors the machine has something better to do. */
const busyBelow = 0.15;
/** How much longer than it worked ingest then rests, and the longest rest. Milliseconds. */
const restFactor = 9;
const longestRest = 1000;

export interface ProcessorTimes {
  readonly idle: number;
  readonly total: number;
}

/**
 * How long ingest rests after a full batch. In a burst the sessions need the processors and the log keeps what waits:
 * so a busy machine gets a tenth of ingest's pace, an idle one all of it. (Niceness alone does not do that: sessions
 * sleep often, and each time the rest of a slice is ingest's.)
 */
export class Breath {
  private last: ProcessorTimes;

  constructor(private readonly read: () => ProcessorTimes = processorTimes) {
    this.last = read();
  }

  /** Milliseconds, after `worked` milliseconds of work. */
  after(worked: number): number {
    const now = this.read();
    const total = now.total - this.last.total;
    const idle = total <= 0 ? 1 : (now.idle - this.last.idle) / total;
    this.last = now;
    return idle < busyBelow ? Math.min(worked * restFactor, longestRest) : 0;
  }
}

function processorTimes(): ProcessorTimes {
  let [idle, total] = [0, 0];
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.idle + times.user + times.sys + times.nice + times.irq;
  }
  return { idle, total };
}
