import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, TestHouse } from '../support/house.js';
import { approvals } from './demo/approvals.step.js';
import { audit } from './demo/audit.step.js';
import { maskedReads } from './demo/masked-reads.step.js';
import { refusals } from './demo/refusals.step.js';
import { replay } from './demo/replay.step.js';
import { rowBudget } from './demo/row-budget.step.js';
import { Screen } from './demo/screen.js';
import { theft } from './demo/theft.step.js';
import { Tour, type Step } from './demo/tour.js';

// `npm run demo`: a tour of the product against a fresh instance. It ends with 0 only if each step held.

const steps: readonly Step[] = [maskedReads, refusals, approvals, rowBudget, replay, audit, theft];

/** A tour that takes longer than this is broken. Milliseconds. */
const timeLimit = 120_000;

const begun = Date.now();
const screen = new Screen();
let house: TestHouse | undefined;
let stopping: Promise<void> | undefined;

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void stop().finally(() => process.exit(130)));
setTimeout(() => {
  screen.failed(`the tour takes longer than ${timeLimit / 1000} s`);
  void stop().finally(() => process.exit(1));
}, timeLimit).unref();

const held = await walk();
await stop();
const seconds = ((Date.now() - begun) / 1000).toFixed(0);
screen.say(
  held
    ? `\nEach of the ${steps.length} steps held (${seconds} s).`
    : `\nThe tour ended early (${seconds} s).`,
);
process.exit(held ? 0 : 1);

async function walk(): Promise<boolean> {
  screen.say('A tour of Weirkeeper, with node-postgres as the agent and a demo shop as the database.');
  let title = 'A fresh Weirkeeper starts';
  try {
    const fresh = TestHouse.start({ yaml: 'demo: true', policies: policies() });
    house = await screen.during('a fresh Weirkeeper starts', fresh);
    const tour = new Tour(house, screen);
    for (const [i, step] of steps.entries()) {
      title = `${i + 1}  ${step.title}`;
      screen.heading(title);
      await step.run(tour);
      screen.why(step.why.replace(/\s+/g, ' '));
    }
    return true;
  } catch (error) {
    screen.failed(`${title}: ${error instanceof Error ? error.message : String(error)}`);
    if (house)
      screen.say(`\nThe last lines of its log:\n${house.log.trimEnd().split('\n').slice(-10).join('\n')}`);
    return false;
  }
}

/** The tour's own: those in the checkout's `policies/` are its owner's. */
function policies(): Record<string, string> {
  const text = readFileSync(join(root, 'test/e2e/demo/policies/agents.cedar'), 'utf8');
  return { 'agents.cedar': text };
}

/** Ends what the tour started, whatever state it is in. */
function stop(): Promise<void> {
  stopping ??= Promise.race([
    house?.stop() ?? Promise.resolve(),
    sleep(15_000).then(() => house?.kill()),
  ]).then(() => undefined);
  return stopping;
}
