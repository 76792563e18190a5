import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, freePort, root } from '../support/house.js';

let dir = '';
let family: number[] = [];

afterEach(() => {
  for (const pid of family.filter(isAlive)) process.kill(pid, 'SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

it.skipIf(!existsSync('/proc/self/stat')).each(['SIGTERM', 'SIGKILL'] as const)(
  'what npm start began ends when npm gets %s',
  async (signal) => {
    const npm = await start();
    family = familyOf(npm.pid!);
    expect(family.length).toBeGreaterThanOrEqual(3); // npm, the gate, audit
    npm.kill(signal);
    await eventually(() => !family.some(isAlive), 30_000);
  },
  120_000,
);

describe.skipIf(!existsSync('/proc/self/stat'))('a house by itself, and its children', () => {
  it('end in order when a terminal sends Ctrl-C to all of them and a client is still there', async () => {
    const house = await begin(process.execPath, [join(root, 'dist/services/all/main.js')]);
    await eventually(() => house.said().includes('Weirkeeper is up'), 60_000);
    family = familyOf(house.pid);
    const client = connect(house.postgres, '127.0.0.1').on('error', () => undefined);
    await once(client, 'connect');
    process.kill(-house.pid, 'SIGINT');
    expect(await house.ended).toEqual([0, null]);
    await eventually(() => !family.some(isAlive), 5_000);
    expect(house.said()).not.toContain('starting it again');
    client.destroy();
  }, 120_000);

  it('are all gone after a SIGTERM during the start', async () => {
    const house = await begin(process.execPath, [join(root, 'dist/services/all/main.js')]);
    await eventually(() => familyOf(house.pid).length > 1, 30_000);
    family = familyOf(house.pid);
    process.kill(house.pid, 'SIGTERM');
    expect(await house.ended).toEqual([0, null]);
    await eventually(() => !family.some(isAlive), 5_000);
    expect(house.said()).not.toContain('"level":"error"');
  }, 120_000);
});

interface Begun {
  readonly pid: number;
  readonly postgres: number;
  readonly ended: Promise<unknown[]>;
  said(): string;
}

/** At the head of a process group of its own, as at a terminal. */
async function begin(file: string, args: readonly string[]): Promise<Begun> {
  const [http, postgres] = [await freePort(), await freePort()];
  dir = mkdtempSync(join(tmpdir(), 'weir-start-'));
  const config = join(dir, 'weir.yaml');
  const listen = `{ http: 127.0.0.1:${http}, postgres: 127.0.0.1:${postgres}, sql: off }`;
  writeFileSync(config, `listen: ${listen}\npolicies: ${join(root, 'policies')}\n`);
  const env = { ...process.env, WEIR_CONFIG: config, WEIR_DATA: join(dir, 'state'), NO_COLOR: '1' };
  const child = spawn(file, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()));
  return { pid: child.pid!, postgres, ended: once(child, 'close'), said: () => output };
}

async function start(): Promise<ChildProcess> {
  const [http, postgres] = [await freePort(), await freePort()];
  dir = mkdtempSync(join(tmpdir(), 'weir-start-'));
  const config = join(dir, 'weir.yaml');
  const listen = `{ http: 127.0.0.1:${http}, postgres: 127.0.0.1:${postgres} }`;
  writeFileSync(config, `listen: ${listen}\npolicies: ${join(root, 'policies')}\n`);
  const env = { ...process.env, WEIR_CONFIG: config, WEIR_DATA: join(dir, 'state') };
  const npm = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  npm.stdout.on('data', (data: Buffer) => (output += data.toString()));
  await eventually(() => output.includes('Weirkeeper is up'), 90_000);
  return npm;
}

/** This process and all that it started, and they. */
function familyOf(pid: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const children = (of: number): number[] =>
    all
      .filter((each) => statOf(Number(each))?.parent === of)
      .flatMap((each) => [Number(each), ...children(Number(each))]);
  return [pid, ...children(pid)];
}

function isAlive(pid: number): boolean {
  return !['Z', 'X', undefined].includes(statOf(pid)?.state);
}

/* /proc/PID/stat: pid (name) state parent …     the name may hold anything, parentheses too */
function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
