import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/house.js';
import type { Step, Tour } from './tour.js';

/** What a security team adds to the shipped policies. */
const policy = `@id("agents.high-risk")
@reason("findings speak against this agent: ask the security team")
forbid (principal is Agent, action in Action::"sql:any", resource)
when { context.risk == "high" };
`;
/** Milliseconds. */
const patience = 30_000;

export const theft: Step = {
  title: 'What policy allows can still be theft: it is found while it happens',
  why: `each of these reads was allowed. Detectors hold what an agent does against what is usual, of itself and of its peers;
        what they find is evidence for people, and where a policy says so it counts for the agent's very next statement.`,

  async run(tour) {
    await publish(tour);
    await steal(tour);
    await forgive(tour, await whatWasFound(tour));
  },
};

async function publish(tour: Tour): Promise<void> {
  writeFileSync(join(tour.house.dir, 'policies', 'findings.cedar'), policy);
  tour.screen.typed('$', 'cat policies/findings.cedar');
  tour.screen.came(policy);
  const { code } = await tour.weir(['policy', 'publish', '--change', 'ticket 4711']);
  tour.screen.check(code === 0, 'from now on it counts what is found');
}

/** Takes a table whole, and once more, until that is refused. */
async function steal(tour: Tour): Promise<void> {
  await tour.connect();
  const { agent, screen } = tour;
  const text = 'SELECT * FROM orders';
  const begun = Date.now();
  let { rows, error } = await agent.run(text, 2);
  let [taken, reads] = [rows.length, 1];
  while (!error && Date.now() < begun + patience) {
    await sleep(100);
    ({ rows, error } = await agent.ask(text));
    taken += rows.length;
    reads++;
  }
  screen.came(`… and again, ${reads} times: ${taken} rows, each time fewer than the budget`);
  screen.typed('demo=>', `${text};`);
  agent.show({ rows, error, columns: [], notices: [], tag: '' });
  const after = ((Date.now() - begun) / 1000).toFixed(1);
  const isRefused = error?.code === '42501' && /^findings speak against/.test(error.message);
  screen.check(isRefused, `until it is refused, by policy, ${after} s after the first of these reads`);
}

/** Its id. */
async function whatWasFound(tour: Tour): Promise<string> {
  const { screen, house } = tour;
  const path = '/api/findings?detector=bulk-read';
  let found: readonly { id: string }[] = [];
  await eventually(async () => {
    ({ findings: found } = await house.json<{ findings: { id: string }[] }>('security', path));
    return found.length > 0;
  });
  screen.check(found.length === 1, 'one finding, for all of it');
  const { stdout } = await tour.weir(['findings', found[0]!.id]);
  screen.check(/read [\d,]+ rows of public\.orders between/.test(stdout), 'with its evidence in words');
  screen.check(/risk +high until/.test(stdout), 'and what it does: the risk is high, for a day');
  return found[0]!.id;
}

async function forgive(tour: Tour, id: string): Promise<void> {
  const said = ['--state', 'false_alarm', '--reason', 'the report of the quarter, ticket 4712'];
  await tour.weir(['findings', 'ack', id, ...said]);
  const end = Date.now() + patience;
  const again = () => tour.agent.ask('SELECT count(*) FROM orders');
  let answer = await again();
  for (; answer.error && Date.now() < end; answer = await again()) await sleep(50);
  tour.screen.check(!answer.error, 'a person says that it was nothing, with a reason, and the agent goes on');
  await tour.disconnect();
}
