// The table of shipped detectors in docs/detection.md: `node deploy/dev/detectors.mjs` writes it, a test compares.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const page = join(root, 'docs/detection.md');

/** The page with the table as the files have it now. */
export function pageWithTable() {
  const text = readFileSync(page, 'utf8');
  return text.replace(/(<!-- detectors: .*? -->\n)[^]*?(<!-- \/detectors -->)/, `$1${table()}$2`);
}

function table() {
  const rows = readdirSync(join(root, 'detectors'))
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => rowOf(header(readFileSync(join(root, 'detectors', name), 'utf8'))));
  const head = '| detector | finds | runs | learns | severity | risk | technique | parameters |';
  return [head, '|---|---|---|---|---|---|---|---|', ...rows, ''].join('\n');
}

function header(text) {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--'));
  return parse(
    lines
      .slice(0, end)
      .map((line) => line.replace(/^-- ?/, ''))
      .join('\n'),
  );
}

function rowOf({ id, title, schedule, learning = 0, severity, risk = '', technique, parameters = {} }) {
  const given = Object.entries(parameters).map(([name, value]) => `\`${name}\` ${value}`);
  const cells = [`\`${id}\``, title, schedule, learning || '', severity, risk, technique, given.join(', ')];
  return `| ${cells.join(' | ')} |`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, pageWithTable());
