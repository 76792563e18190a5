import { readFileSync } from 'node:fs';
import type { Contender } from './contender.js';
import { rawRead, type ReadResult } from './raw-read.js';

/** Milliseconds between two looks. */
const interval = 50;

export interface MemoryResult extends ReadResult {
  /** MiB. */
  readonly idle: number;
  readonly peak: number;
}

/** Resident memory of a process while one session streams a result through it. */
export async function memoryWhile(pid: number, contender: Contender, text: string): Promise<MemoryResult> {
  const idle = residentMiB(pid);
  let peak = idle;
  const timer = setInterval(() => (peak = Math.max(peak, residentMiB(pid))), interval);
  try {
    return { ...(await rawRead(contender, text)), idle, peak };
  } finally {
    clearInterval(timer);
  }
}

/* /proc/PID/status: "VmRSS:     123456 kB" */
export function residentMiB(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}
