import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { query, RawClient } from '../support/raw-client.js';
import { errorsIn, rowsIn } from '../support/wire-reading.js';
import { Stage } from './stage.js';

const masking = `
rules:
  - { column: '*.customers.email', class: email }
inbound: { card: deny }
`;
const card = '4111111111111111';

describe('what is bounded and refused as shipped', () => {
  let stage: Stage;
  beforeAll(async () => void (stage = await Stage.build({ masking })), 120_000);
  afterAll(() => stage.down());

  const ask = async (text: string) => {
    const client = await RawClient.signIn(await stage.address());
    const answer = await client.ask(query(text));
    client.destroy();
    return { rows: rowsIn(answer), error: errorsIn(answer)[0] };
  };

  it('stops at 16 MiB, though a whole table is packed into one row', async () => {
    const { rows, error } = await ask(
      "SELECT string_agg(repeat('x', 1000), ',') FROM generate_series(1, 20000)",
    );
    expect(rows).toHaveLength(0);
    expect(error).toMatchObject({ sqlstate: 'WK002' });
    expect(error?.message).toContain('16777216 bytes');
  }, 60_000);

  it('lets a small one through', async () => {
    const { rows, error } = await ask('SELECT array_agg(i) FROM generate_series(1, 10000) i');
    expect(error).toBeUndefined();
    expect(rows).toHaveLength(1);
  });

  it('refuses a literal of a class that may not be sent, and keeps it out of the records', async () => {
    const { error } = await ask(`SELECT '${card}' AS refused_card`);
    expect(error).toMatchObject({
      sqlstate: '42501',
      message: 'it carries a value of class card, which may not be sent',
    });
    expect((await ask("SELECT '4111111111111112'")).error).toBeUndefined();
    const recorded = async () => JSON.stringify(await stage.house.sql('SELECT * FROM statements'));
    await expect.poll(recorded, { timeout: 30_000 }).toContain('refused_card');
    expect(await recorded()).not.toContain(card);
  }, 60_000);

  it('refuses to write a mask back, and asks a person for an honest change', async () => {
    const { error } = await ask("UPDATE customers SET email = 'd***@example.com' WHERE id = 1");
    expect(error).toMatchObject({ sqlstate: '42501' });
    expect(error?.message).toContain('customers.email');
    const [row] = (await stage.admin.query<{ email: string }>('SELECT email FROM customers WHERE id = 1'))
      .rows;
    expect(row?.email).not.toContain('*');
    // Inside a transaction nobody waits.
    const client = await RawClient.signIn(await stage.address());
    await client.ask(query('BEGIN'));
    const held = await client.ask(query("UPDATE customers SET email = 'd@example.com' WHERE id = 1"));
    client.destroy();
    expect(errorsIn(held)[0]).toMatchObject({ sqlstate: 'WK001' });
  }, 90_000);
});
