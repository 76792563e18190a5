const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const some = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

export function count(value: number, noun: string, nouns = `${noun}s`): string {
  return `${whole.format(value)} ${value === 1 ? noun : nouns}`;
}

export function plain(value: number): string {
  return whole.format(value);
}

export function bytes(value: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return unit === 0 ? count(value, 'byte') : `${some.format(size)} ${units[unit] ?? ''}`;
}

/** Microseconds, as people say it. */
export function duration(us: number): string {
  if (us < 1000) return `${us} µs`;
  if (us < 1_000_000) return `${some.format(us / 1000)} ms`;
  return us < 60_000_000 ? `${some.format(us / 1_000_000)} s` : span(us / 1000);
}

/** Milliseconds as `4 min 05 s`, `2 h 10 min`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} min`;
}
