import { TestHouse } from '../../support/house.js';
import { startPostgres, type PostgresServer } from '../../support/peers.js';
import type { RawAddress } from '../../support/raw-client.js';
import { Searcher, needlesOf } from './searcher.js';
import { makeTwin, type Twin } from './secrets.js';
import { buildVault, maskingFile, vaultPassword, vaultRole, vaultRules } from './vault.js';

/** Everything that the shipped policies refuse or hold is permitted: only the guard of masked columns is left. */
const openHanded = `
@id("test.open-handed")
permit (principal is Agent, action in Action::"sql:any", resource)
unless { resource in Connection::"prey" || resource in Connection::"shipped" };
`;
/** Reading alone is permitted. */
const readOnly = `
@id("test.read-only")
permit (
  principal is Agent,
  action in [Action::"sql:read", Action::"sql:session", Action::"sql:transaction"],
  resource in Connection::"prey"
);
`;
/** Writing is held, and nobody waits for the answer. */
const held = `
@id("test.held-reads")
permit (principal is Agent, action in Action::"sql:read", resource in Connection::"shipped");
@id("test.held-writes")
permit (principal is Agent, action in Action::"sql:write", resource in Connection::"shipped");
@id("test.held")
@effect("approve")
@approvers("approvers")
@mode("wait")
permit (principal is Agent, action in Action::"sql:write", resource in Connection::"shipped");
`;

/** On the connections `planted-…` these columns are not masked: what a leak would look like. */
export const planted = ['notes', 'salary', 'born', 'big', 'level', 'ident', 'score', 'seen', 'wages.salary'];

export class TheftStage {
  private constructor(
    readonly postgres: PostgresServer,
    readonly house: TestHouse,
    readonly twins: readonly [Twin, Twin],
    readonly searcher: Searcher,
  ) {}

  static async build(): Promise<TheftStage> {
    const postgres = await startPostgres({
      settings: { shared_preload_libraries: 'pg_stat_statements', autovacuum: 'off', jit: 'off' },
    });
    const twins = [makeTwin('a'), makeTwin('b')] as const;
    try {
      await buildVault(postgres, twins);
      const clear = planted.map((column) => {
        const path = column.includes('.') ? column : `people.${column}`;
        return `{ connection: "planted-*", column: "*.${path}", class: private, transform: clear }`;
      });
      const house = await TestHouse.start({
        restless: true,
        policies: { 'test.cedar': openHanded + readOnly + held },
        masking: maskingFile([...clear, ...vaultRules]),
        yaml: connectionLines(postgres),
      });
      const searcher = new Searcher(needlesOf(twins.flatMap(({ secrets }) => secrets)));
      return new TheftStage(postgres, house, twins, searcher);
    } catch (error) {
      await postgres.stop();
      throw error;
    }
  }

  address(connection: string): Promise<RawAddress> {
    return this.house.client(connection);
  }

  async down(): Promise<void> {
    await this.house.stop();
    await this.postgres.stop();
  }
}

function connectionLines({ host, port }: PostgresServer): string {
  const target = `protocol: postgres, host: ${host}, port: ${port}, tls: disable, user: ${vaultRole}`;
  const lines = Object.entries({
    'vault-a': 'vault_a',
    'vault-b': 'vault_b',
    'planted-a': 'vault_a',
    'planted-b': 'vault_b',
    prey: 'vault_prey',
    shipped: 'vault_prey',
  }).map(
    ([name, database]) =>
      `  - { name: ${name}, database: ${database}, ${target}, password: "${vaultPassword}", owner: custodians }`,
  );
  return ['connections:', ...lines].join('\n');
}
