import { text as readAll } from 'node:stream/consumers';
import { z } from 'zod';
import { exit } from '../exit-codes.js';
import { plural, table, type Cell } from '../render.js';
import { parseVerb, required, type Verb } from '../verb.js';

const answerSchema = z.looseObject({
  columns: z.array(z.looseObject({ name: z.string() })),
  rows: z.array(z.array(z.unknown())),
  truncated: z.boolean().optional(),
});

export const sql: Verb = {
  name: 'sql',
  summary: 'read-only SQL on the audit store',
  usage: `weir sql QUERY
weir sql - < FILE

Runs one SELECT, SHOW, DESCRIBE or EXPLAIN on the ClickHouse tables of the audit store: statements, sessions,
findings, detectors, session_events, control_events (docs/audit-schema.md has all of them). Needs the auditor role.

examples:
  ./weir sql "select time, identity, text, decision from statements order by time desc limit 10"
  ./weir sql "select identity, count() from statements where decision = 'deny' group by identity" --json
  ./weir sql "select raised_at, severity, identity, evidence from findings where state = 'open' order by raised_at desc"`,

  async run(args, cli) {
    const given = required(parseVerb(args, {}, ['query']).positionals[0], 'the query');
    const query = given === '-' ? await readAll(cli.stdin) : given;
    const answer = await cli.api('auditor').json(answerSchema, 'POST', '/sql', { body: { query } });
    if (cli.json) cli.out(JSON.stringify(answer));
    else {
      const headers = answer.columns.map(({ name }) => name);
      cli.out(
        table(
          headers,
          answer.rows.map((row) => row.map(cellOf)),
          cli,
        ),
      );
      cli.err(`${plural(answer.rows.length, 'row')}${answer.truncated ? ', cut at the limit' : ''}`);
    }
    return exit.ok;
  },
};

function cellOf(value: unknown): Cell {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return JSON.stringify(value);
}
