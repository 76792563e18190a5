import type { Step } from './tour.js';

/** As the shipped policy for agents' reads says. */
const budget = 10_000;

export const rowBudget: Step = {
  title: 'A read that takes too much stops at its budget',
  why: `an agent that forgets a join condition, or that somebody talked into taking the whole table, gets ${budget} rows
        and an error, not the database.`,

  async run({ agent, screen }) {
    const { rows, error } = await screen.during(
      'the rows come',
      agent.run('SELECT c.name, c.city, o.total FROM customers c, orders o LIMIT 50000', 3),
    );
    screen.check(rows.length === budget, `exactly ${budget} rows came`);
    screen.check(error?.code === 'WK002', 'then an error of its own kind (WK002) that names the budget');
    const { rows: after } = await agent.run('SELECT count(*) FROM customers');
    screen.check(after.length === 1, 'the session goes on');
  },
};
