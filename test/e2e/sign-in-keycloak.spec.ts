import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/house.js';
import { findKeycloak } from '../support/keycloak.js';
import { peer } from '../support/peer.js';
import { commandLine, removeCommandLine, signsInToCommands } from './keycloak/command-line.js';
import { changesKeys } from './keycloak/keys.js';
import { signsInToPages } from './keycloak/pages.js';
import { signsInBySaml } from './keycloak/saml.js';
import { secret, Stage } from './keycloak/stage.js';

const chromium = peer('chromium');
const psql = peer('psql');
const keycloak = await findKeycloak();

describe.skipIf(!keycloak || !chromium)(
  'Keycloak, with the realm that the documentation gives',
  { timeout: 60_000 },
  () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await Stage.set(keycloak!, commandLine());
    }, 240_000);
    afterAll(async () => {
      await stage?.stop();
      removeCommandLine();
    });

    it("vouches for an agent by its service account's token", async () => {
      const authorization = `Bearer ${await stage.realm.clientToken('ci-agent', secret)}`;
      const answer = await fetch(`${stage.house.url}/api/identity/me`, { headers: { authorization } });
      expect(await answer.json()).toMatchObject({ groups: ['agents'], kind: 'agent' });
    });

    it.skipIf(!psql)('lets it read masked rows with that token as password', async () => {
      // The demo connection comes a little after the gate is ready.
      await eventually(async () => (await stage.house.psql('demo', ['-c', 'select 1'])).code === 0);
      const question = 'select name, email, ssn from customers order by id limit 3';
      const { code, stdout, stderr } = await stage.house.psql('demo', ['-At', '-c', question]);
      expect([code, stderr]).toEqual([
        0,
        'NOTICE:  Weirkeeper masked: email (email, partial), ssn (ssn, whole)\n',
      ]);
      const rows = stdout
        .trim()
        .split('\n')
        .map((row) => row.split('|'));
      expect(rows.length).toBe(3);
      for (const [name, email, ssn] of rows)
        expect([name, email, ssn]).toEqual([
          expect.stringMatching(/^\w+ \w+/),
          expect.stringContaining('*'),
          '****',
        ]);
    });

    describe('as OpenID provider of pages', () => {
      signsInToPages(() => stage);
    });
    describe('as OpenID provider of `weir login`', () => {
      signsInToCommands(() => stage);
    });
    describe('as SAML provider of pages', () => {
      signsInBySaml(() => stage);
    });
    describe('with other keys', () => {
      changesKeys(() => stage);
    });
  },
);
