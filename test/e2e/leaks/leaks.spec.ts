import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../../support/peers.js';
import { scripts } from './attacks/scripts.js';
import { forColumn, templates } from './attacks/templates.js';
import { texts } from './attacks/texts.js';
import { wireAttacks } from './attacks/wire.js';
import { protocols, type Protocol } from './attacker.js';
import { functionCalls } from './functions.js';
import { Robbery, type Haul } from './robbery.js';
import { maskedColumns } from './secrets.js';
import { TheftStage } from './theft.stage.js';
import { withAdmin } from './vault.js';

// Everything is permitted here but to see what is masked; see theft.stage.ts.

describe.skipIf(!peer('postgres'))('what is masked', () => {
  let stage: TheftStage;
  beforeAll(async () => void (stage = await TheftStage.build()), 240_000);
  afterAll(() => stage?.down());

  async function rob(work: (robbery: Robbery) => Promise<void>): Promise<Haul> {
    const robbery = new Robbery(stage);
    await work(robbery);
    const { findings, ...numbers } = robbery.haul;
    if (process.env['WEIR_LEAKS']) console.log(JSON.stringify(numbers), JSON.stringify(findings, null, 1));
    return robbery.haul;
  }

  it('cannot be had by a statement about one column', async () => {
    // The column and the protocol change from one way to the next: test/long has them all.
    const asks = templates.map((template, at) => ({ text: forColumn(template, maskedColumns[at % maskedColumns.length]!) }));
    const { findings, attempts } = await rob((robbery) => robbery.texts(asks, inTurn));
    expect(attempts).toBeGreaterThan(600);
    expect(findings).toEqual([]);
  }, 240_000);

  it('cannot be had by a statement about an e-mail address, by any protocol', async () => {
    const asks = templates.map((template) => ({ text: forColumn(template, 'email') }));
    expect((await rob((robbery) => robbery.texts(asks))).findings).toEqual([]);
  }, 240_000);

  it('cannot be had from rows, views, catalogs, errors or code', async () => {
    const { findings } = await rob((robbery) => robbery.texts(texts.map((text) => ({ text }))));
    expect(findings).toEqual([]);
  }, 240_000);

  it('cannot be had by several statements of a session', async () => {
    expect((await rob((robbery) => robbery.scripts(scripts))).findings).toEqual([]);
  }, 240_000);

  it('cannot be had by the bytes of the protocol', async () => {
    expect((await rob((robbery) => robbery.wire(wireAttacks))).findings).toEqual([]);
  }, 240_000);

  it("cannot be had by any of the server's own functions", async () => {
    const calls = await withAdmin(stage.postgres, 'vault_a', (admin) => functionCalls(admin, false));
    const { findings, attempts } = await rob((robbery) => robbery.texts(calls, inTurn));
    expect(attempts).toBeGreaterThan(1000);
    expect(findings).toEqual([]);
  }, 240_000);

  const inTurn = (at: number): readonly Protocol[] => [protocols[at % protocols.length]!];
});
