import { demoStatements } from '../../../services/all/demo/demo.seed.js';
import type { Message } from './agent.js';
import type { Step, Tour } from './tour.js';

export const refusals: Step = {
  title: 'What is dangerous is refused, and the agent learns why',
  why: `a refusal looks like any permission error of PostgreSQL, so the agent's own error handling copes with it;
        inside a transaction it spoils the transaction, as an error of the server would.`,

  async run(tour) {
    await drop(tour);
    await dropInTransaction(tour);
    await oracle(tour);
    await lookup(tour);
  },
};

async function drop({ agent, screen }: Tour): Promise<void> {
  const { error } = await agent.run('DROP TABLE orders');
  screen.check(isRefusal(error), 'it is refused like a missing permission (42501), with the reason');
  screen.check(/^decision ses_\S+/.test(error?.detail ?? ''), 'DETAIL has the id of the decision');
  screen.check(
    /\/decisions\/ses_\S+; ask the demo shop team$/.test(error?.hint ?? ''),
    'HINT says where to look and whom to ask',
  );
}

async function dropInTransaction({ agent, screen }: Tour): Promise<void> {
  await agent.run('BEGIN');
  const { error } = await agent.run('DROP TABLE orders');
  const after = await agent.run('SELECT 1');
  const commit = await agent.run('COMMIT');
  screen.check(
    isRefusal(error) && after.error?.code === '25P02',
    'the refusal fails the transaction, at the server too',
  );
  screen.check(commit.tag === 'ROLLBACK', 'COMMIT answers ROLLBACK: nothing of it is committed by mistake');
  const { rows } = await agent.run('SELECT count(*) FROM orders');
  screen.check(Number(rows[0]?.[0]) === 6000, 'the table is still there, and the session goes on');
}

async function oracle({ agent, screen }: Tour): Promise<void> {
  const { error } = await agent.run("SELECT id, name FROM customers WHERE ssn LIKE '123%'");
  screen.check(isRefusal(error), 'a masked column can not be guessed at, digit by digit');
  screen.check(/\bssn\b/.test(error?.message ?? ''), 'the reason names the column');
}

/** The agent knows the address: a customer wrote to it. */
async function lookup({ agent, screen }: Tour): Promise<void> {
  const { rows } = await agent.run(
    `SELECT id, name, email, city FROM customers WHERE email = '${knownEmail()}'`,
  );
  screen.check(
    rows.length === 1 && rows[0]![0] === '1',
    'to look a customer up by an address that the agent knows works',
  );
}

function isRefusal(error: Message | undefined): boolean {
  return error?.code === '42501' && error.message.length > 0;
}

/** The first customer's, of the seeded demo data. */
function knownEmail(): string {
  const [, email] = /'([a-z.]+1@example\.com)'/.exec(demoStatements().join('\n')) ?? [];
  if (email === undefined) throw new Error('the demo data has no first customer');
  return email;
}
