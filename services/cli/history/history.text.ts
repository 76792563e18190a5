import { z } from 'zod';
import { plural } from '../render.js';

/** Times: milliseconds since the epoch. */
export const historySize = z.object({
  events: z.number(),
  sessions: z.number(),
  identities: z.number(),
  ofNobody: z.number(),
  from: z.number(),
  to: z.number(),
});

export function sizeText({
  events,
  sessions,
  identities,
  ofNobody,
  from,
  to,
}: z.infer<typeof historySize>): string {
  if (sessions === 0) return `${plural(events, 'event')} and no session`;
  const nobody = ofNobody > 0 ? `; of ${ofNobody} the session's start is missing, and so who it was` : '';
  return `${plural(events, 'event')}: ${plural(sessions, 'session')} of ${identities === 1 ? '1 identity' : `${identities} identities`}, ${minute(from)} to ${minute(to)} UTC${nobody}`;
}

export const minute = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
export const dayText = (at: number): string => new Date(at).toISOString().slice(0, 10);
