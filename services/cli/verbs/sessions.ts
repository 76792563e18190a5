import { z } from 'zod';
import { exit, usageError } from '../exit-codes.js';
import { table } from '../render.js';
import { parseVerb, type Verb } from '../verb.js';

const count = z.coerce.number();
const session = z.looseObject({
  sessionId: z.string(),
  identity: z.string(),
  connection: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullish(),
  statements: count,
  denied: count,
  held: count,
  rows: count,
});
const list = z.object({ sessions: z.array(session) });

export const sessions: Verb = {
  name: 'sessions',
  summary: 'recorded sessions, newest first',
  usage: `weir sessions [--since 1h|2026-01-31|2026-01-31T10:00:00Z] [--limit N]

Lists sessions with who, where, how many statements, and how many of those were denied or held. Times are UTC.
--since: an age (30m, 1h, 7d) or a time. Needs the auditor or security role.

examples:
  ./weir sessions --since 1h
  ./weir replay $(./weir sessions --limit 1 --json | jq -r '.sessions[0].sessionId')`,

  async run(args, cli) {
    const { values } = parseVerb(args, { since: { type: 'string' }, limit: { type: 'string' } });
    const since = values.since === undefined ? undefined : timeOf(values.since, cli.now());
    const query = { since, limit: values.limit };
    const answer = await cli.api('auditor').json(list, 'GET', '/sessions', { query });
    if (cli.json) cli.out(JSON.stringify(answer));
    else if (answer.sessions.length === 0) cli.out('no sessions');
    else {
      const rows = answer.sessions.map((each) => [
        each.sessionId,
        short(each.startedAt),
        each.endedAt ? short(each.endedAt) : 'open',
        each.identity,
        each.connection,
        each.statements,
        each.denied,
        each.held,
        each.rows,
      ]);
      cli.out(
        table(['session', 'started', 'ended', 'who', 'where', 'statements', 'denied', 'held', 'rows'], rows),
      );
    }
    return exit.ok;
  },
};

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An age or a time, as ISO 8601. */
function timeOf(text: string, now: number): string {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const at = amount === undefined ? Date.parse(text) : now - Number(amount) * (units[unit] ?? 0);
  if (Number.isNaN(at)) throw usageError(`--since ${text}: expected an age (30m, 1h, 7d) or a time`);
  return new Date(at).toISOString();
}

/** `2026-01-31 14:03:21`. */
function short(time: string): string {
  return time.replace('T', ' ').slice(0, 19);
}
