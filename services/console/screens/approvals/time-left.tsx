import { span } from '../../ui/amounts.js';
import { useNow } from '../../ui/now.js';

/** How long a request still waits; what is about to expire says so. */
export function TimeLeft({ until }: { readonly until: string }) {
  const left = new Date(until).getTime() - useNow(1000);
  if (left <= 0) return <span className="left left-soon">expiring</span>;
  return (
    <span
      className={`left ${left < 30_000 ? 'left-soon' : ''}`}
      title={`until ${until.replace('T', ' ').replace('Z', ' UTC')}`}
    >
      {span(left)} left
    </span>
  );
}
