import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, type Principal } from '#kernel';
import { setupItem, type SetupItem } from '../../services/all/setup/setup.item.js';
import { SetupModule } from '../../services/all/setup/setup.module.js';
import { openHouse, specConfig, specFolder, type House } from './approval.house.js';
import { MemoryLog } from './approval.memory-log.js';

const password = 'zq-password-5519';
const operator: Principal = {
  ...{ id: 'corp:olga', issuer: 'corp', subject: 'olga', kind: 'person', groups: ['platform'] },
};
const agent: Principal = { ...operator, id: 'corp:bot', subject: 'bot', kind: 'agent', groups: ['agents'] };
const orders = { name: 'orders', protocol: 'postgres', host: '10.0.0.5', database: 'orders', user: 'svc' };
const ownProvider = `publicUrl: https://weir.example
listen: { postgres: 0.0.0.0:15432 }
identity:
  oidc: [{ name: corp, issuer: https://idp.example, audience: weir, agents: [agents] }]
  roles: { operator: [platform] }
`;

describe('what is set up', () => {
  const clock = new ManualClock();
  let folder: ReturnType<typeof specFolder>;
  let log: MemoryLog;
  let house: House | undefined;

  beforeEach(() => {
    folder = specFolder();
    log = new MemoryLog(clock);
    mkdirSync(join(folder.path, 'policies'));
    for (const name of ['agents', 'people'])
      writeFileSync(join(folder.path, `policies/${name}.cedar`), `// ${name}\n`);
  });
  afterEach(async () => {
    log.release();
    await house?.close();
    folder.remove();
  });

  async function start(yaml: string): Promise<void> {
    const config = specConfig(folder.path, yaml);
    house = await openHouse({ module: SetupModule, log, clock, people: [operator, agent], config });
    await house.call('olga', 'POST', '/connections', { ...orders, owner: 'payments', password });
  }

  async function seenBy(who: string): Promise<SetupItem> {
    const { status, body } = await house!.call(who, 'GET', '/setup');
    expect(status).toBe(200);
    return setupItem.parse(body);
  }

  const development = 'identity: { roles: { operator: [platform] } }\n';

  it('is told to anyone who has signed in, without an address of a target', async () => {
    await start(development);
    for (const who of ['olga', 'bot']) {
      const setup = await seenBy(who);
      expect(setup.connections).toMatchObject([{ name: 'orders', protocol: 'postgres', owner: 'payments' }]);
      expect(JSON.stringify(setup)).not.toMatch(/10\.0\.0\.5|zq-password|svc/);
    }
    expect((await house!.call('', 'GET', '/setup')).status).toBe(401);
  });

  it('says what is missing, with what is typed between backticks', async () => {
    await start(development);
    const { missing } = await seenBy('olga');
    expect(missing.map(({ what }) => what)).toEqual(expect.arrayContaining(['a webhook', 'approvers']));
    for (const { do: act } of missing) expect(act.match(/`/g)!.length % 2).toBe(0);
    expect(missing.map(({ what }) => what)).not.toContain('a connection');
  });

  it('calls the masking shipped where no file says any, and policies by their files', async () => {
    await start(development);
    const { masking, policies } = await seenBy('olga');
    expect(masking.owner).toBe('shipped');
    expect(masking.rules).toBeGreaterThan(50);
    expect(policies).toMatchObject({ count: 2, owner: 'file' });
    await house!.close();
    writeFileSync(join(folder.path, 'masking.yaml'), 'rules: [{ column: "*.c.email", class: email }]\n');
    await start(`${development}masking: masking.yaml\n`);
    expect((await seenBy('olga')).masking).toEqual({ rules: 1, owner: 'file' });
  });

  it('has the agent’s line where the development provider runs: people are permitted nothing as shipped', async () => {
    await start(development);
    for (const who of ['olga', 'bot'])
      expect(await seenBy(who)).toMatchObject({
        clientAs: 'agent',
        connections: [
          {
            client:
              'PGPASSWORD=$(./weir token agent) psql "host=127.0.0.1 port=15432 dbname=orders user=agent"',
          },
        ],
      });
  });

  it('has everybody’s own line where people sign in with a provider, and a token by hand for an agent', async () => {
    await start(ownProvider);
    const line = async (who: string) => {
      const { clientAs, connections } = await seenBy(who);
      return [clientAs, connections[0]?.client];
    };
    const target = (user: string) =>
      `psql "host=weir.example port=15432 dbname=orders user=${user} sslmode=require"`;
    expect(await line('olga')).toEqual(['caller', `PGPASSWORD=$(./weir token) ${target('olga')}`]);
    expect(await line('bot')).toEqual(['agent', `PGPASSWORD=$TOKEN ${target('agent')}`]);
  });
});
