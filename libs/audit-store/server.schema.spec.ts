import { describe, expect, it } from 'vitest';
import { createLedger, readMigrations } from './migrate.js';
import { serverStatement } from './server.schema.js';

const ours = [
  'CREATE DATABASE IF NOT EXISTS weir',
  createLedger,
  ...readMigrations().flatMap((each) => each.statements),
];

describe('the schema of a server', () => {
  it('is on every node, replicated, wherever a cluster is named', () => {
    const tables = ours.filter((statement) => statement.startsWith('CREATE TABLE'));
    expect(tables.length).toBeGreaterThan(4);
    for (const statement of tables) {
      const name = /weir\.(\w+)/.exec(statement)?.[1];
      const made = serverStatement(statement, 'audit');
      expect(made).toContain(`CREATE TABLE IF NOT EXISTS weir.${name} ON CLUSTER 'audit'`);
      expect(made).toContain(
        `ReplicatedReplacingMergeTree('/clickhouse/tables/audit/weir/${name}', '{replica}', `,
      );
      expect(made).not.toMatch(/ = ReplacingMergeTree|non_replicated/);
      expect(made).toContain('fsync_after_insert = 1');
    }
    const views = ours.filter((statement) => / VIEW /.test(statement));
    expect(views.length).toBeGreaterThan(4);
    for (const statement of views)
      expect(serverStatement(statement, 'audit')).toMatch(/VIEW .*weir\.\w+ ON CLUSTER 'audit'\n/);
    expect(serverStatement(ours[0]!, 'audit')).toBe("CREATE DATABASE IF NOT EXISTS weir ON CLUSTER 'audit'");
  });

  it('is the embedded one, but durable, on a single server', () => {
    for (const statement of ours) {
      const made = serverStatement(statement);
      const settings = /(?: SETTINGS )?fsync_after_insert = 1, .*?_merge = 1(?:, |$)/;
      expect(made.replace(settings, '')).toBe(statement);
      expect(made.includes('fsync_after_insert')).toBe(statement.startsWith('CREATE TABLE'));
    }
  });

  it('does not guess', () => {
    expect(() => serverStatement('DROP TABLE weir.session_event_rows', 'audit')).toThrow('no server schema');
    expect(() =>
      serverStatement('CREATE TABLE IF NOT EXISTS weir.x (a Int8) ENGINE = Memory', 'audit'),
    ).toThrow('no engine');
    expect(serverStatement('ALTER TABLE weir.x ADD COLUMN b Int8', 'audit')).toBe(
      "ALTER TABLE weir.x ON CLUSTER 'audit' ADD COLUMN b Int8",
    );
  });
});
