import { exit, usageError } from '../exit-codes.js';
import { sessionEventOf } from '../replay.events.js';
import { ReplayRenderer } from '../replay.render.js';
import { parseVerb, required, type Verb } from '../verb.js';

export const replay: Verb = {
  name: 'replay',
  summary: 'a recorded session as it went: statements, decisions, masked rows, outcomes',
  usage: `weir replay ID [--rows N|all]

Shows a session with its times (UTC): each statement, what was decided and by which policy, the rows as the
client saw them, what became of it. --rows: the most rows shown of one statement (20). --json: the recorded
events, one a line. Needs the auditor or security role.

examples:
  ./weir replay ses_01k9…
  ./weir replay ses_01k9… --json | jq -r 'select(.decision == "deny") | .text'`,

  async run(args, cli) {
    const { values, positionals } = parseVerb(args, { rows: { type: 'string' } }, ['id']);
    const id = required(positionals[0], "the session's id");
    const renderer = new ReplayRenderer(rowLimit(values.rows ?? '20'));
    for await (const line of cli.api('auditor').lines(`/sessions/${encodeURIComponent(id)}/events`)) {
      if (cli.json) {
        cli.out(line);
        continue;
      }
      const event = sessionEventOf(line);
      const shown = event && renderer.render(event);
      if (shown) cli.out(shown);
    }
    return exit.ok;
  },
};

function rowLimit(text: string): number {
  if (text === 'all') return Infinity;
  if (!/^\d{1,9}$/.test(text)) throw usageError(`--rows ${text}: expected a number or all`);
  return Number(text);
}
