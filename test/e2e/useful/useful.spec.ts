import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { peer } from '../../support/peers.js';
import { programs } from './programs.js';
import { Shop } from './shop.js';
import { approvals, masked, refusals, same } from './statements.js';

type Rows = readonly Record<string, unknown>[];
interface Asked {
  readonly text: string;
  readonly rows?: Rows;
  readonly error?: string;
}

// What agents and programs really send. Whatever is refused here must name the policy, or the masked column, that does it.

describe.skipIf(!peer('postgres'))('what agents really send', () => {
  let shop: Shop;
  let agent: pg.Client;
  beforeAll(async () => {
    shop = await Shop.open();
    agent = new pg.Client(await shop.house.client('shop'));
    await agent.connect();
  }, 240_000);
  afterAll(async () => {
    await agent?.end();
    await shop?.down();
  });

  /** A plan's line without the address has nothing to hide. */
  const isHidden = (clear: unknown) => typeof clear !== 'string' || !/^ *(Seq|Index) /.test(clear);
  const inProtocol = [
    ['simple', (text: string) => ({ text })],
    ['extended', (text: string) => ({ text, queryMode: 'extended' })],
    ['prepared', (text: string) => ({ text, name: `s${text.length}-${text.slice(-30)}` })],
  ] as const;

  describe.each(inProtocol)('by the %s protocol', (_, config) => {
    const ask = async (client: pg.Client, text: string): Promise<Asked> => {
      try {
        const { rows } = await client.query<Record<string, unknown>>(config(text));
        return { text, rows };
      } catch (error) {
        return { text, error: (error as Error).message };
      }
    };

    it('is answered as the server does, where nothing is masked', async () => {
      const different: unknown[] = [];
      for (const text of same) {
        const through = await ask(agent, text);
        const direct = await ask(shop.direct, text);
        if (JSON.stringify(through) !== JSON.stringify(direct))
          different.push(through.error === undefined ? { through, direct } : through);
      }
      expect(different).toEqual([]);
    });

    it('is answered with masks, and with all else as it is', async () => {
      for (const [text, columns] of masked) {
        const through = await ask(agent, text);
        const direct = await ask(shop.direct, text);
        expect(through.error, text).toBeUndefined();
        expect(through.rows!.length, text).toBe(direct.rows!.length);
        through.rows!.forEach((row, at) => {
          for (const [name, value] of Object.entries(row)) {
            const clear = direct.rows![at]![name];
            if (columns.includes(name) && isHidden(clear))
              expect([text, name, value]).not.toEqual([text, name, clear ?? 'a value']);
            else expect([text, name, value]).toEqual([text, name, clear]);
          }
        });
      }
    });

    it('is refused with a reason that names the policy or the column', async () => {
      for (const [text, why] of refusals) expect((await ask(agent, text)).error, text).toMatch(why);
    });
  });

  describe('programs as they are', () => {
    programs(() => shop);
  });

  it('waits for a person, and is done once they said yes', async () => {
    const failed: Asked[] = [];
    await shop.approved(async () => {
      for (const text of approvals) {
        try {
          await agent.query(text);
        } catch (error) {
          failed.push({ text, error: (error as Error).message });
        }
      }
    });
    expect(failed).toEqual([]);
    const { rows } = await shop.direct.query(`select city from customers where email = 'c7@example.com'`);
    expect(rows).toEqual([{ city: 'Rome' }]);
  }, 60_000);
});
