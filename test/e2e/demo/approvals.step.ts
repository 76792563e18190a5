import type { Answer, Message } from './agent.js';
import type { Step, Tour } from './tour.js';

export const approvals: Step = {
  title: 'A change waits for a person',
  why: `the agent just waits, as if the server were slow; a person sees exactly what would run, and says yes or no to
        that alone: once, and never to a wish of one's own.`,

  async run(tour) {
    await approved(tour);
    await denied(tour);
  },
};

async function approved(tour: Tour): Promise<void> {
  const { agent, screen } = tour;
  const text = "UPDATE customers SET phone = '+49 30 5550199', city = 'Porto' WHERE id = 7";
  const { id, answer } = await holds(tour, text);
  await seen(tour, id, text);
  await notByItself(tour, id);
  const decision = await tour.weir(['approve', id, '--reason', 'ticket 4711']);
  screen.check(decision.code === 0, 'the approver says yes');
  const { tag } = await screen.during('the statement runs', answer);
  agent.show({ ...(await answer), notices: [] });
  screen.check(
    tag === 'UPDATE 1',
    'the statement has run, in the same session, without the agent doing anything',
  );
  const { rows } = await agent.run('SELECT id, name, phone, city FROM customers WHERE id = 7');
  screen.check(rows[0]?.[3] === 'Porto', 'the customer has moved');
}

async function denied(tour: Tour): Promise<void> {
  const { agent, screen } = tour;
  const { id, answer } = await holds(tour, "DELETE FROM tickets WHERE status = 'closed'");
  const decision = await tour.weir(['deny', id, '--reason', 'we keep tickets for a year']);
  screen.check(decision.code === 0, 'the approver says no');
  const { error } = await screen.during('the statement ends', answer);
  agent.show({ ...(await answer), notices: [] });
  screen.check(error?.code === '42501', 'the statement is refused');
  screen.check(
    /we keep tickets for a year/.test(error?.message ?? ''),
    "the agent reads the approver's reason",
  );
  const { rows } = await agent.run("SELECT count(*) FROM tickets WHERE status = 'closed'");
  screen.check(Number(rows[0]?.[0]) > 0, 'no ticket is gone');
}

/** Sends a statement that is to be held; gives the request's id, as the agent was told it. */
async function holds(
  { agent, screen }: Tour,
  text: string,
): Promise<{ id: string; answer: Promise<Answer> }> {
  const { held, answer } = agent.send(text);
  const notice = await screen.during('the statement is held', within(held, 15_000));
  screen.came([`NOTICE:  ${notice.message}`, `HINT:  ${notice.hint}`].join('\n'));
  const [id = ''] = /apr_\w+/.exec(notice.message) ?? [];
  screen.check(id !== '', 'the agent is told that it is held, and under which id');
  screen.check(notice.hint.endsWith(`/approvals/${id}`), 'and where a person decides it');
  return { id, answer };
}

async function seen(tour: Tour, id: string, text: string): Promise<void> {
  const { screen } = tour;
  const { stdout } = await tour.weir(['approvals']);
  screen.check(stdout.includes(id), 'the request waits in the list of those who may decide it');
  screen.check(!stdout.includes('5550199'), 'lists and records do not show what goes into a masked column');
  const one = await tour.weir(['approvals', id]);
  screen.check(one.stdout.includes(text), 'who may decide on it sees exactly what would run');
}

async function notByItself(tour: Tour, id: string): Promise<void> {
  const token = await tour.house.token('agent');
  const { code } = await tour.weir(['approve', id, '--reason', 'trust me'], {
    token,
    as: '$(./weir token agent)',
  });
  tour.screen.check(code === 3, 'the agent can not approve it itself (exit code 3)');
  const { stdout } = await tour.weir(['approvals', id, '--json'], { most: 0 });
  tour.screen.check(stdout.includes('"status":"pending"'), 'the request still waits');
}

function within(held: Promise<Message>, timeoutMs: number): Promise<Message> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no notice within ${timeoutMs} ms`)), timeoutMs);
  });
  return Promise.race([held, late]).finally(() => clearTimeout(timer));
}
