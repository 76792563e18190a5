import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/house.js';
import { requirePeer } from '../../support/peers.js';
import { situations, type Situation } from './client.js';

/** What each client did in each situation, as docs/clients.md shows it. */
export class ClientTable {
  private readonly cells = new Map<string, string>();

  constructor(private readonly clients: readonly string[]) {}

  set(client: string, situation: Situation, cell: string): void {
    this.cells.set(`${client}/${situation}`, cell);
  }

  /** Empty cells: a test failed or did not run. */
  get gaps(): string[] {
    return this.clients
      .flatMap((client) => situations.map((situation) => `${client}/${situation}`))
      .filter((key) => !this.cells.has(key));
  }

  get markdown(): string {
    const rows = [
      ['', ...this.clients],
      ['---', ...this.clients.map(() => '---')],
      ...situations.map((s) => [
        s,
        ...this.clients.map((client) => this.cells.get(`${client}/${s}`) ?? '**failed**'),
      ]),
    ];
    return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
  }

  /** Puts the table between the markers of docs/clients.md. */
  write(): void {
    const file = join(root, 'docs/clients.md');
    const text = readFileSync(file, 'utf8');
    const [begin, end] = ['<!-- measured: begin -->', '<!-- measured: end -->'];
    const [head, rest] = [text.slice(0, text.indexOf(begin) + begin.length), text.slice(text.indexOf(end))];
    writeFileSync(file, `${head}\n${versions()}\n\n${this.markdown}\n${rest}`);
  }
}

function versions(): string {
  const program = (name: 'postgres' | 'psql' | 'pgbench') =>
    /[\d.]+/.exec(execFileSync(requirePeer(name).program, ['--version'], { encoding: 'utf8' }))![0];
  const manifest = JSON.parse(readFileSync(join(root, 'node_modules/pg/package.json'), 'utf8')) as {
    version: string;
  };
  return [
    `PostgreSQL ${program('postgres')} with SCRAM-SHA-256, psql ${program('psql')}, pgbench ${program('pgbench')},`,
    `node-postgres ${manifest.version}.`,
  ].join(' ');
}
