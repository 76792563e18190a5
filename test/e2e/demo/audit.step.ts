import type { Step, Tour } from './tour.js';

export const audit: Step = {
  title: 'An auditor asks, in SQL',
  why: `decisions, approvals and results are rows of ClickHouse tables: the questions of an audit are queries, and
        nobody can change the rows from here.`,

  async run(tour) {
    await whoRead(tour);
    await whatWasRefused(tour);
    await approvedByWhom(tour);
    await readOnly(tour);
  },
};

async function whoRead(tour: Tour): Promise<void> {
  const query = `SELECT identity, tables_read, count() AS statements, sum(rows) AS rows
FROM statements WHERE decision = 'allow' AND notEmpty(tables_read)
GROUP BY identity, tables_read ORDER BY rows DESC`;
  const { stdout } = await tour.weir(['sql', query]);
  tour.screen.check(/dev:dev-agent.*customers/.test(stdout), 'who read what, and how much');
}

async function whatWasRefused(tour: Tour): Promise<void> {
  const { stdout } = await tour.weir([
    'sql',
    "SELECT text, reason FROM statements WHERE decision = 'deny' ORDER BY time",
  ]);
  tour.screen.check(/DROP TABLE orders/.test(stdout), 'what was refused, and under which reason');
  tour.screen.check(
    !stdout.includes("'123%'"),
    'not even what the agent guessed about a masked column is kept',
  );
}

async function approvedByWhom(tour: Tour): Promise<void> {
  const query = `SELECT text, hold_outcome AS outcome, decided_by, round(waited_us / 1e6, 1) AS seconds, rows
FROM statements WHERE hold_outcome != '' ORDER BY time`;
  const { stdout } = await tour.weir(['sql', query]);
  tour.screen.check(/UPDATE customers.*approved.*approver/.test(stdout), 'what was approved, and by whom');
  tour.screen.check(/DELETE FROM tickets.*denied.*approver/.test(stdout), 'what was denied, and by whom');
}

async function readOnly(tour: Tour): Promise<void> {
  const write = await tour.weir(['sql', "ALTER TABLE statements DELETE WHERE decision = 'deny'"]);
  tour.screen.check(write.code === 3, 'to write is refused (exit code 3)');
  const token = await tour.house.token('agent');
  const stranger = await tour.weir(['sql', 'SELECT count() FROM statements'], {
    token,
    as: '$(./weir token agent)',
  });
  tour.screen.check(stranger.code === 3, 'and an agent may not even ask');
}
