/** What findings are filtered by: the address of the page holds it, so that it can be sent to someone. */
export interface FindingSearch {
  readonly state?: 'open' | 'acknowledged' | 'false_alarm';
  readonly severity?: 'low' | 'medium' | 'high' | 'critical';
  readonly identity?: string;
  readonly detector?: string;
  readonly incident?: string;
  /** ISO 8601, UTC. */
  readonly from?: string;
  readonly to?: string;
  /** The page, as the answer before named it. */
  readonly cursor?: string;
}

const names = ['state', 'severity', 'identity', 'detector', 'incident', 'from', 'to', 'cursor'] as const;
type Name = (typeof names)[number];

/** From an address: what is not understood is left out. */
export function readSearch(raw: Record<string, unknown>): FindingSearch {
  const given = names.flatMap((name) => {
    const value = raw[name];
    // The router reads `7` as a number.
    const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
    const understood = text === '' ? undefined : readers[name](text);
    return understood === undefined ? [] : [[name, understood] as const];
  });
  return Object.fromEntries(given);
}

type Reader = (text: string) => string | undefined;

const fits =
  (pattern: RegExp): Reader =>
  (text) =>
    pattern.test(text) ? text : undefined;
const atMost =
  (longest: number): Reader =>
  (text) =>
    text.length <= longest ? text : undefined;

const readers: Readonly<Record<Name, Reader>> = {
  state: fits(/^(open|acknowledged|false_alarm)$/),
  severity: fits(/^(low|medium|high|critical)$/),
  identity: atMost(512),
  detector: atMost(128),
  incident: atMost(128),
  from: instant,
  to: instant,
  cursor: fits(/^[A-Za-z0-9_-]{1,512}$/),
};

function instant(text: string): string | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
