import type { WeirConfig } from '#platform';
import { agentByHand, clientLine, developmentAgent } from './client-line.js';

interface Running {
  readonly devProvider: boolean;
  readonly postgres: { readonly host: string; readonly port: number } | undefined;
}

/** What `npm start` prints: the lines to paste next, and where to look. */
export function bannerOf(config: WeirConfig, { devProvider, postgres }: Running): string {
  const where = postgres ? `${postgres.host}:${postgres.port}` : config.listen.postgres;
  const connection = config.demo ? 'demo' : (config.connections[0]?.name ?? 'NAME');
  const lines = [
    '',
    `Weirkeeper is up.  PostgreSQL ${where}   pages ${config.publicUrl}   API ${config.publicUrl}/api`,
    `State: ${config.dataDir}`,
    '',
    ...(devProvider ? pasteLines(connection, postgres) : ownIssuerLines(connection, where)),
    '',
    'Ctrl-C stops it. What it knows stays in the state directory.',
    '',
  ];
  return lines.join('\n');
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
