// Installs and builds what is missing, quickly when nothing is. Needs nothing but Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const sources = ['libs', 'services', 'detect', 'test', 'bench', 'dashboards'];
const buildInputs = ['tsconfig.json', 'package.json', 'package-lock.json', 'vitest.config.ts'];
const lockFile = join(root, '.weir-ensure.lock');
const stampFile = join(root, 'dist/.stamp');
const consoleSource = join(root, 'services/console');
const consoleOutput = join(root, 'dist/services/console');
const consoleStampFile = join(root, 'dist/.console.stamp');
/** The API client: made from services/console/api/openapi.json at each build, not kept in git. */
const generatedClient = join(consoleSource, 'api/gen');

export function ensure() {
  requireNode();
  if (isInstalled() && isBuilt() && isConsoleBuilt()) return;
  locked(() => {
    if (!isInstalled()) install();
    if (!isBuilt()) build();
    if (!isConsoleBuilt()) buildConsole();
  });
}

/** One line on stderr: stdout belongs to the command. */
export function say(text) {
  process.stderr.write(`weir: ${text}\n`);
}

export function fail(text) {
  say(text);
  process.exit(1);
}

export function run(file, args, options = {}) {
  const { status, signal, error } = spawnSync(file, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) fail(`${file} could not be started: ${error.message}`);
  return signal ? 1 : (status ?? 1);
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Node.js 20.19 or later is needed; this is ${process.versions.node}`);
}

/** Compares what npm noted in node_modules with the lock file, package by package. */
function isInstalled() {
  const installed = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  if (!wanted) fail('package-lock.json is missing or broken');
  if (!installed) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

function install() {
  say('installing packages (npm ci; a minute the first time)');
  const status = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) fail('npm ci failed; its own words are above');
}

function isBuilt() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp();
}

function build() {
  say(`compiling${existsSync(stampFile) ? ' what changed' : ''}`);
  const before = stamp();
  rmSync(stampFile, { force: true });
  const status = run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) fail('it does not compile; the compiler said where');
  dropOrphans(join(root, 'dist'));
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, before);
}

function isConsoleBuilt() {
  return existsSync(consoleStampFile) && readFileSync(consoleStampFile, 'utf8') === consoleStamp();
}

/** The pages: their API client, then Vite. Their types are checked by `npm run check`. */
function buildConsole() {
  say('building the pages');
  const before = consoleStamp();
  rmSync(consoleStampFile, { force: true });
  const steps = [
    ['node_modules/@hey-api/openapi-ts/bin/run.js', '--no-log-file', '--silent', '--file', clientConfig()],
    ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn', consoleSource],
  ];
  for (const step of steps)
    if (run(process.execPath, step, { stdio: ['ignore', 2, 2] }) !== 0) fail('the pages do not build');
  writeFileSync(consoleStampFile, before);
}

function clientConfig() {
  return join(consoleSource, 'api/openapi-ts.config.mjs');
}

/** What a changed source changes. */
function stamp() {
  const files = sources.flatMap((folder) => [...filesBelow(join(root, folder), '.ts')]);
  const copied = [...filesBelow(join(root, 'services/all/api'), '.json')];
  return stampOf([...files.filter((file) => !isBelow(file, consoleSource)), ...copied]);
}

function consoleStamp() {
  return stampOf([...filesBelow(consoleSource, '')].filter((file) => !isBelow(file, generatedClient)));
}

/** Path, time and size of each. */
function stampOf(files) {
  const hash = createHash('sha256');
  for (const file of [...buildInputs.map((name) => join(root, name)), ...files]) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${relative(root, file)}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest('hex');
}

function isBelow(file, folder) {
  return file.startsWith(`${folder}/`);
}

/** Removes the output of sources that are gone: it would still be found. */
function dropOrphans(dist) {
  for (const file of filesBelow(dist, '.js')) {
    if (isBelow(file, consoleOutput)) continue;
    if (existsSync(join(root, `${relative(dist, file).slice(0, -'.js'.length)}.ts`))) continue;
    rmSync(file);
    rmSync(`${file}.map`, { force: true });
  }
}

function* filesBelow(folder, ending) {
  if (!existsSync(folder)) return;
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path, ending);
    else if (entry.name.endsWith(ending)) yield path;
  }
}

/** Two commands at once must not build into each other's output. A lock whose owner is gone is taken over. */
function locked(work) {
  let told = false;
  while (!acquire()) {
    if (!told) say('waiting for another command that is installing or compiling');
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  const release = () => rmSync(lockFile, { force: true });
  process.once('exit', release);
  work();
  release();
  process.off('exit', release);
}

function acquire() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    const owner = Number(existsSync(lockFile) ? readFileSync(lockFile, 'utf8') : 0);
    if (owner > 0 && !isAlive(owner)) rmSync(lockFile, { force: true });
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
