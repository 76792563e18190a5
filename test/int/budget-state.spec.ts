import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '#kernel';
import { BudgetState } from '../../services/proxy/gate/budget/budget-state.file.js';

const hour = 3_600_000;
const bounds = [{ key: 'bot on orders', amount: 10, ms: hour }];
let path = '';

beforeEach(async () => void (path = join(await mkdtemp(join(tmpdir(), 'budgets-')), 'budgets.json')));
afterEach(() => rm(join(path, '..'), { recursive: true }));

const clock = new ManualClock();
const open = () =>
  BudgetState.open({ path, key: Buffer.alloc(32), clock, log: (error) => expect(error).toBeUndefined() });

test('a restart opens no window', async () => {
  const before = await open();
  before.ledger.spend(bounds, 9, clock.now());
  before.lookups.add('customers.email', ['ana@example.com'], clock.now());
  await before.close();
  expect(await readFile(path, 'utf8')).not.toContain('ana');
  const after = await open();
  expect(after.ledger.left(bounds, clock.now())).toBe(1);
  const windows = [{ amount: 1, ms: hour }];
  expect(
    after.lookups.exceeded('customers.email', ['ana@example.com'], windows, clock.now()),
  ).toBeUndefined();
  expect(after.lookups.exceeded('customers.email', ['bob@example.com'], windows, clock.now())).toBeDefined();
  await after.close();
});

test('it is written within a second, without being asked', async () => {
  const budgets = await open();
  budgets.ledger.spend(bounds, 4, clock.now());
  await expect
    .poll(() => readFile(path, 'utf8').catch(() => ''), { timeout: 5000 })
    .toContain('bot on orders');
  await budgets.close();
});

test('a damaged file is not taken for an empty one', async () => {
  await writeFile(path, '{"version":1,"met');
  await expect(open()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
