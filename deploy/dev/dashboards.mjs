// Grafana's dashboards and alert rules, written anew from dashboards/*.ts: `node deploy/dev/dashboards.mjs`; with --check it
// only says which of them are not those of their sources. The chart's copies are deploy/dev/deployment.mjs's.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensure, root } from './ensure.mjs';

ensure();
const { dashboardFiles } = await import(pathToFileURL(join(root, 'dist/dashboards/index.js')).href);
const files = Object.entries(dashboardFiles());
const stale = files.filter(([path, text]) => !existsSync(join(root, path)) || read(path) !== text);

if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is not of its sources: node deploy/dev/dashboards.mjs`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of stale) write(path, text);
}

function read(path) {
  return readFileSync(join(root, path), 'utf8');
}

function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(`wrote ${path}`);
}
