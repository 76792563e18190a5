import { resolve } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { planDevProvider, type WeirConfig } from '#platform';
import { agentByHand, clientLine, developmentAgent } from './client-line.js';

interface Running {
  readonly postgres: { readonly host: string; readonly port: number } | undefined;
  /** Why policies, masking and connections are those that were published before. */
  readonly stale?: string | undefined;
  /** The folder that it was started in; absent: this one. */
  readonly cwd?: string;
}

/** What `npm start` prints: the lines to paste next, and where to look. */
export function bannerOf(config: WeirConfig, { postgres, stale, cwd = process.cwd() }: Running): string {
  const where = postgres ? `${postgres.host}:${postgres.port}` : config.listen.postgres;
  const connection = config.demo ? 'demo' : (config.connections[0]?.name ?? 'NAME');
  const lines = [
    '',
    `Weirkeeper is up.  PostgreSQL ${where}   pages ${config.publicUrl}   API ${config.publicUrl}/api`,
    ...sqlLines(config),
    `State: ${config.dataDir}`,
    ...commandLines(config, cwd),
    ...staleLines(stale),
    '',
    ...tokenLines(config, connection, postgres, where),
    '',
    'Ctrl-C stops it. What it knows stays in the state directory.',
    '',
  ];
  return lines.join('\n');
}

/** The same of a house that runs: no start of less loads what it asks. */
export async function houseBanner(config: WeirConfig, app: INestApplication): Promise<string> {
  const [{ PolicyPublisher }, { DataPlane }] = await Promise.all([
    import('../policy/index.js'),
    import('../proxy/index.js'),
  ]);
  return bannerOf(config, {
    postgres: app.get(DataPlane, { strict: false }).address,
    stale: app.get(PolicyPublisher, { strict: false }).stale,
  });
}

/** What a start of fewer services prints. */
export function bannerOfSome(config: WeirConfig, names: readonly string[]): string {
  const { listen, dataDir, sharedDir, eventLog } = config;
  const where = [
    `API ${listen.http}`,
    ...(names.includes('proxy') ? [`PostgreSQL ${listen.postgres}`] : []),
    ...(names.includes('audit') && listen.sql !== 'off' ? [`auditors' SQL ${listen.sql}`] : []),
    `State: ${dataDir}`,
    ...(sharedDir === dataDir ? [] : [`shared: ${sharedDir}`]),
  ];
  const up = `Weirkeeper is up: ${names.join(', ')}.  ${where.join('   ')}\n`;
  if (eventLog.kind !== 'embedded') return up;
  return `${up}The event log is the one in ${dataDir}: only services with the same WEIR_DATA read it, on this machine. Elsewhere: eventLog.kind kafka.\n`;
}

function sqlLines({ listen }: WeirConfig): string[] {
  return listen.sql === 'off' ? [] : [`Auditors' SQL for ClickHouse clients ${listen.sql}`];
}

/** What `./weir` goes by where it would not find this gate by itself: whatever is printed below can be pasted after it. */
function commandLines({ publicUrl, dataDir, sharedDir }: WeirConfig, cwd: string): string[] {
  const named = [
    ...(publicUrl === 'http://127.0.0.1:8080' ? [] : [`WEIR_URL=${shellWord(publicUrl)}`]),
    ...(dataDir === resolve(cwd, '.weir') ? [] : [`WEIR_DATA=${shellWord(dataDir)}`]),
    ...(sharedDir === dataDir ? [] : [`WEIR_SHARED=${shellWord(sharedDir)}`]),
  ];
  return named.length === 0 ? [] : ['', 'In each other terminal, first:', `  export ${named.join(' ')}`];
}

const shellWord = (text: string): string =>
  /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

function staleLines(stale: string | undefined): string[] {
  if (stale === undefined) return [];
  return [
    '',
    'WARNING: what was last published is in force, not what the files say:',
    ...stale.split('\n').map((line) => `  ${line}`),
    '  Correct them, then: ./weir policy publish',
  ];
}

function tokenLines(
  config: WeirConfig,
  connection: string,
  postgres: Running['postgres'],
  where: string,
): string[] {
  const plan = planDevProvider(config);
  if (plan.start) return pasteLines(connection, postgres);
  if (config.identity.oidc.length > 0) return ownIssuerLines(connection, where);
  return noIssuerLines(config, plan.why);
}

function pasteLines(connection: string, postgres: Running['postgres']): string[] {
  const { host, port } = postgres ?? { host: '127.0.0.1', port: 15432 };
  return [
    'As the agent, in another terminal here:',
    `  ${clientLine(connection, { host, port }, developmentAgent)}`,
    `  ./weir connect ${connection}                      # the same without psql on this machine`,
    '',
    'Then try:',
    '  SELECT * FROM customers LIMIT 5;                  -- masked',
    '  DROP TABLE orders;                                -- refused',
    "  UPDATE orders SET status = 'paid' WHERE id = 7;   -- held for a person",
    '',
    'As the approver:  ./weir approvals      ./weir approve ID --reason "…"',
    'As the auditor:   ./weir sessions       ./weir replay ID       ./weir sql "SELECT time, decision, text FROM statements ORDER BY time DESC LIMIT 5"',
  ];
}

function ownIssuerLines(connection: string, where: string): string[] {
  const port = where.slice(where.lastIndexOf(':') + 1);
  return [
    'Agents connect with a token of the configured issuer as the password:',
    `  ${clientLine(connection, { host: '…', port }, agentByHand)}`,
  ];
}

/** Agents come with tokens, and there is nobody whose tokens are taken. */
function noIssuerLines({ file }: WeirConfig, why: string): string[] {
  return [
    `Nobody can connect yet: no issuer of tokens is configured, and the development provider is off (${why}).`,
    `Name your OpenID provider in ${file}, and start again (docs/identity.md has the settings of common ones):`,
    '  identity:',
    '    oidc:',
    '      - name: corp',
    '        issuer: https://idp.example/realms/corp   # your provider',
    '        audience: weir                            # what its tokens are issued for',
    '        groupsClaim: groups',
    '        agents: [agents]                          # the group of those who are no people',
    'Only to try it out on this machine: let everything listen on 127.0.0.1, and name no provider.',
  ];
}
