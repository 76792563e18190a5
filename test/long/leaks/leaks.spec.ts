import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forColumn, templates } from '../../e2e/leaks/attacks/templates.js';
import { wireAttacks } from '../../e2e/leaks/attacks/wire.js';
import { functionCalls } from '../../e2e/leaks/functions.js';
import { limits, wrong } from '../../e2e/leaks/known.js';
import { Robbery } from '../../e2e/leaks/robbery.js';
import { maskedColumns } from '../../e2e/leaks/secrets.js';
import { TheftStage } from '../../e2e/leaks/theft.stage.js';
import { withAdmin } from '../../e2e/leaks/vault.js';
import { peer } from '../../support/peers.js';

// The whole product of what test/e2e/leaks takes samples of.

describe.skipIf(!peer('postgres'))('every way, every column, every protocol', () => {
  let stage: TheftStage;
  beforeAll(async () => void (stage = await TheftStage.build()), 240_000);
  afterAll(() => stage?.down());

  const gets = async (texts: readonly string[]): Promise<unknown[]> => {
    const robbery = new Robbery(stage);
    await robbery.texts(texts.map((text) => ({ text })));
    return robbery.haul.findings.filter(({ attack }) => !limits.has(attack) && !wrong.has(attack));
  };

  it.each(maskedColumns.map((column) => [column]))('%s', async (column) => {
    expect(await gets(templates.map((template) => forColumn(template, column)))).toEqual([]);
  });

  it('the bytes of the protocol', async () => {
    const robbery = new Robbery(stage);
    await robbery.wire(wireAttacks);
    expect(robbery.haul.findings).toEqual([]);
  });

  it("the server's own functions over every column", async () => {
    const calls = await withAdmin(stage.postgres, 'vault_a', (admin) => functionCalls(admin, true));
    expect(calls.length).toBeGreaterThan(3000);
    expect(await gets(calls.map(({ text }) => text))).toEqual([]);
  });
});
