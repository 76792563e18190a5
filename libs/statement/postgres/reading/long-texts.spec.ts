import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  loadStatementParser,
  LongTexts,
  redactLiterals,
  understand,
  type Understanding,
} from '../../index.js';
import { customersCatalog } from '../../testing/customers.js';
import { honest, honestScopes, honestUnknown } from '../../testing/honest.cases.js';
import { masked, refused, refusedScopes, refusedUnknown } from '../../testing/leaks.cases.js';
import { readerFile } from './reading-thread.js';

const names = customersCatalog();
const long = (ids: number) =>
  `SELECT id, email FROM customers WHERE id IN (${Array.from({ length: ids }, (_, i) => i).join(', ')})`;
const kindsOf = (found: readonly Understanding[]) => found.map(({ kind }) => kind);

// Threads run what was compiled: `npm test` compiles first.
describe.skipIf(!existsSync(readerFile()))('a text that is read in a thread', () => {
  beforeAll(loadStatementParser);

  it('is understood as it is in this one', async () => {
    const texts = new LongTexts();
    const passed = [...honest, ...honestScopes, ...honestUnknown];
    const leaking = [...masked, ...refused, ...refusedScopes, ...refusedUnknown];
    for (const each of [...passed, ...leaking, 'SELEC 1']) {
      const text = typeof each === 'string' ? each : each[0];
      const here = understand(text, names);
      expect(await texts.read(text, names)).toEqual({ ...here, redacted: redactLiterals(text) });
    }
  });

  it('keeps one object a masked column, by whichever name its table is called', async () => {
    const text = 'SELECT a.email || b.email FROM customers a, public.customers b';
    const found = await new LongTexts().read(text, { ...names, anySensitive: true });
    expect(found).toEqual({ ...understand(text, names), redacted: text });
  });

  it('leaves this thread free meanwhile', async () => {
    const texts = new LongTexts();
    await texts.read('SELECT 1', names);
    let turns = 0;
    const turning = setInterval(() => turns++, 2);
    const before = performance.now();
    const found = await texts.read(long(100_000), names);
    const took = performance.now() - before;
    clearInterval(turning);
    expect(found.kind).toBe('understood');
    // In this thread there would be none at all.
    expect(turns).toBeGreaterThan(took / 40);
  });

  it('answers in order, and refuses what nests too deeply without harm to the next', async () => {
    const texts = new LongTexts();
    const deep = `SELECT ${'1 + '.repeat(20_000)}1`;
    const found = await Promise.all(
      [deep, long(10), deep, long(5_000)].map((text) => texts.read(text, names)),
    );
    expect(kindsOf(found)).toEqual(['refused', 'understood', 'refused', 'understood']);
    for (let i = 0; i < 10; i++) expect((await texts.read(deep, names)).kind).toBe('refused');
    expect((await texts.read(long(5_000), names)).kind).toBe('understood');
  });

  it('is refused when it takes too long, and the next one is read by another thread', async () => {
    const texts = new LongTexts(1);
    const found = await texts.read(long(100_000), names);
    expect(found).toMatchObject({ kind: 'failed', reason: expect.stringContaining('more than 1 ms') });
    expect((await texts.read(long(100_000), names)).kind).toBe('failed');
  });

  it('is refused when what its names mean cannot be told, in the middle of it', async () => {
    const texts = new LongTexts();
    const broken = { ...names, relation: () => { throw new Error('no catalog'); } }; // prettier-ignore
    expect((await texts.read(long(10), broken)).kind).toBe('failed');
    expect((await texts.read(long(10), names)).kind).toBe('understood');
  });

  it('has a new thread after nobody needed the last one', async () => {
    const texts = new LongTexts(20_000, readerFile(), 5);
    for (let i = 0; i < 3; i++) {
      expect((await texts.read(long(10), names)).kind).toBe('understood');
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  });

  it('is refused when the thread dies, and so is the one behind it', async () => {
    const nowhere = new LongTexts(5_000, new URL('./nowhere.js', import.meta.url));
    const found = await Promise.all([nowhere.read(long(10), names), nowhere.read(long(10), names)]);
    expect(kindsOf(found)).toEqual(['failed', 'failed']);
  });
});
