import { useNow } from './now.js';
import { Visible } from './visible-text.js';

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'long' });

/** An instant in the viewer's zone; UTC where one points at it. */
export function Time({
  value,
  as = 'full',
}: {
  readonly value: string;
  readonly as?: 'full' | 'clock' | 'ago';
}) {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return <Visible text={value} />;
  return (
    <time dateTime={value} title={`${value.replace('T', ' ').replace(/(\.\d+)?Z$/, '$1')} UTC`}>
      {as === 'ago' ? <Ago date={date} /> : (as === 'clock' ? clock : dateTime).format(date)}
    </time>
  );
}

function Ago({ date }: { readonly date: Date }) {
  const now = useNow(10_000);
  return <>{ago(date.getTime() - now)}</>;
}

/** "3 minutes ago", "in 2 hours". */
export function ago(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const size = Math.abs(seconds);
  if (size < 45) return seconds <= 0 ? 'just now' : 'in a moment';
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return relative.format(Math.round(seconds / 86_400), 'day');
}
