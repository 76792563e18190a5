import { existsSync, readFileSync } from 'node:fs';

/** Of a clock tick in /proc; Linux has had 100 a second for longer than this matters. */
const ticksPerSecond = 100;

/** Seconds of processor time that processes have used, threads included. On a shared machine it lies less than a clock. */
export function processorSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) / ticksPerSecond;
}

/* /proc/PID/stat: after the name in brackets, fields from the third on; 14 and 15 are utime and stime */
function ticksOf(pid: number): number {
  const [, , , , , , , , , , , user, system] = statOf(pid);
  return Number(user) + Number(system);
}

/** Seconds since the process began. */
export function uptimeOf(pid: number): number {
  const started = Number(statOf(pid)[19]) / ticksPerSecond;
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - started;
}

function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

export function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}
