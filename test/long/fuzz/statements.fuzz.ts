import type pg from 'pg';
import { calm } from '#domain';
import { loadStatementParser, LongTexts } from '#statement';
import { compileMasking, shippedMasking } from '#masking';
import { compilePolicies } from '#policy-engine';
import { systemClock, type Principal } from '#kernel';
import type { Namespace } from '../../../services/proxy/gate/gate.js';
import { Judges } from '../../../services/proxy/gate/judges.js';
import { customersCatalog } from '../../../libs/statement/testing/customers.js';
import { honest } from '../../../libs/statement/testing/honest.cases.js';
import { shipped } from '../../../libs/policy-engine/spec/given.js';
import { Dice } from './dice.js';

/** Honest statements, writes, and what hides a second statement in a literal, a comment, a name or an escape. */
const seeds: readonly string[] = [
  ...honest,
  'INSERT INTO orders (id) VALUES (1)', 'UPDATE orders SET status = 1 WHERE id = 2', 'DELETE FROM orders', 'TRUNCATE orders',
  'CREATE TABLE x (id int)', 'DROP TABLE orders', 'SELECT 1; DELETE FROM orders', 'SELECT 1 INTO x',
  'WITH d AS (DELETE FROM orders RETURNING *) SELECT * FROM d', 'EXPLAIN ANALYZE DELETE FROM orders',
  'SELECT id FROM orders FOR UPDATE', 'SELECT nextval($$s$$)', 'SELECT lo_create(1)', 'LOCK TABLE orders', 'SELECT txid_current()',
  `SELECT '\\'; DELETE FROM orders --'`, `SELECT E'\\'; DELETE FROM orders --'`, `SELECT E'\\\\'; DELETE FROM orders --'`,
  `SELECT $$ $a$ $$; DELETE FROM orders; --$$`, 'SELECT $a$ $$ $a$', 'SELECT 1 /* /* */ ; DELETE FROM orders */',
  `SELECT U&'\\0027'`, `SELECT U&"d!0061t" UESCAPE '!'`, `SELECT 'a'\n'; DELETE FROM orders'`, `SELECT 'a' /* */ 'b'`,
  `SELECT N'x', B'01', X'1f'`, 'SELECT 1 --\r; DELETE FROM orders', 'SELECT 1 --\u2028; DELETE FROM orders', 'SELECT "a""; DELETE FROM orders --"',
]; // prettier-ignore

const pieces: readonly string[] = [
  ';', "'", "''", '"', '\\', "\\'", '$$', '$a$', '--', '/*', '*/', '\n', '\r', '\t', '\0', '(', ')', '[', ']', ',', '::', 'E', "E'", "U&'",
  '\u00a0', '\u2028', '\u3000', '\ufeff', '\u{1f600}', 'é', 'İ', ' DELETE FROM orders ', '; DELETE FROM orders;', ' UNION ', ' SELECT ', ' RETURNING * ',
  ' FOR UPDATE', ' INTO x ', ' WITH x AS (', ' COPY ', ' DO ', ' EXPLAIN ', ' ANALYZE ', ' EXECUTE ', ' COMMIT', 'orders', 'id', '1', ' = ', ' AND ', '$1', '((((((((',
]; // prettier-ignore

function mutated(dice: Dice): string {
  let text = dice.one(seeds);
  for (let n = dice.below(3) ? 0 : dice.below(5); n >= 0; n--) {
    const at = dice.below(text.length + 1);
    const to = Math.min(text.length, at + dice.below(8));
    switch (dice.below(6)) {
      case 0:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 1:
        text = text.slice(0, at) + String.fromCharCode(dice.below(128)) + text.slice(at + 1);
        break;
      case 2:
        text =
          text.slice(0, at) +
          text.slice(at, to).repeat(2 + dice.below(dice.below(4) ? 3 : 30)) +
          text.slice(to);
        break;
      case 3:
        text = text.slice(0, at) + dice.one(seeds).slice(dice.below(20)) + text.slice(to);
        break;
      default:
        text = text.slice(0, at) + dice.one(pieces) + text.slice(at);
    }
  }
  return text;
}

const agent: Principal = {
  id: 'corp:bot',
  issuer: 'corp',
  subject: 'bot',
  kind: 'agent',
  groups: ['agents'],
};
const customers = customersCatalog();
const namespace: Namespace = {
  key: {},
  namesFor: () => customers,
  resolve: ({ schema, name }) => [{ schema: schema ?? 'public', name }],
};

export interface StatementFuzz {
  judged: number;
  allowed: number;
  /** What was allowed as a read, and given to the server in a read-only transaction. */
  sent: number;
  /** Of these the server ran to its end. */
  ran: number;
  slowestMs: number;
  readonly faults: string[];
}

/**
 * Mutated texts are judged as an agent's under the shipped policies. What is allowed as a read without an effect on the
 * session goes to a real server inside BEGIN READ ONLY, which must not call it a write (25006), must still be inside
 * that transaction afterwards, and must have seen as many statements in it as the gate did.
 */
export async function fuzzStatements(
  seed: number,
  count: number,
  server: pg.Client | undefined,
): Promise<StatementFuzz> {
  const dice = new Dice(seed);
  const policies = compilePolicies(shipped());
  const masking = compileMasking(shippedMasking);
  const judges = new Judges({
    longTexts: new LongTexts(),
    policies: () => policies,
    masking: () => masking,
    ...{ standing: () => calm, quarantineApprovers: undefined },
    clock: systemClock,
    maxStatementBytes: 1024 * 1024,
  });
  const judge = judges.of(agent, { name: 'orders', protocol: 'postgres', owner: 'payments-team' });
  const tally: StatementFuzz = { judged: 0, allowed: 0, sent: 0, ran: 0, slowestMs: 0, faults: [] };
  for (; tally.judged < count; tally.judged++) {
    const text = mutated(dice);
    const began = performance.now();
    const { verdict, writes, effects, analysis } = judge.judge({
      text,
      namespace,
      inTransaction: false,
      lookup: () => undefined,
    });
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - began);
    // An instance of the parser that broke is replaced between two turns of the loop.
    if (/parser is starting|too deeply/.test(verdict.reason)) await loadStatementParser();
    else if (tally.judged % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (verdict.decision !== 'allow') continue;
    tally.allowed++;
    if (writes || effects.length > 0 || !server) continue;
    tally.sent++;
    const fault = await disagreement(server, text, analysis.statements.length);
    if (fault === 'ran') tally.ran++;
    else if (fault) tally.faults.push(`${fault}: ${JSON.stringify(text)}`);
  }
  return tally;
}

async function disagreement(
  server: pg.Client,
  text: string,
  statements: number,
): Promise<string | undefined> {
  await server.query('BEGIN READ ONLY');
  try {
    const answer: unknown = await server.query(text);
    const seen = Array.isArray(answer) ? answer.length : 1;
    const { rows } = await server.query<{ inside: string }>(
      `SELECT current_setting('transaction_read_only') AS inside`,
    );
    if (rows[0]?.inside !== 'on') return 'it left its transaction';
    return statements > 0 && seen !== statements ? `${seen} statements, not ${statements}` : 'ran';
  } catch (error) {
    const { code, message } = error as pg.DatabaseError;
    // Row locks are no change: SELECT ... FOR UPDATE counts as a read.
    return code === '25006' && !/SELECT FOR /.test(message) ? 'it writes' : undefined;
  } finally {
    await server.query('ROLLBACK');
  }
}
