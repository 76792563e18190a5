import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../support/house.js';

export interface Source {
  readonly folder: string;
  readonly version: string;
}

/** Downloads stay here between runs; nothing of them is ever committed. */
const cache = process.env['WEIR_SUITES'] ?? join(tmpdir(), 'weir-suites');

/**
 * A Debian source package, unpacked: the preferred version if the archive has it, else the newest that it has.
 * A string says why it can't be had. Touches nothing of the machine's own apt.
 */
export async function debianSource(name: string, preferred = ''): Promise<Source | string> {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-source'))
    return 'it comes as a Debian source package, and this machine has no apt-get or dpkg-source (dpkg-dev)';
  const home = join(cache, name);
  mkdirSync(home, { recursive: true });
  const unpacked = (version: string) => ({
    folder: join(home, version.replaceAll(/[^\w.+-]/g, '_')),
    version,
  });
  if (preferred !== '' && existsSync(unpacked(preferred).folder)) return unpacked(preferred);
  const known = readdirSync(home).filter((entry) => existsSync(join(home, entry, 'debian')));
  if (known.length > 0) return { folder: join(home, known.sort().at(-1)!), version: known.sort().at(-1)! };
  const apt = aptOptions(home);
  await run('apt-get', [...apt, 'update'], { cwd: home });
  const versions = await sourceVersions(name, apt, home);
  for (const version of new Set([...versions.filter((each) => each === preferred), ...versions])) {
    const got = await run('apt-get', [...apt, 'source', '--download-only', `${name}=${version}`], {
      cwd: home,
    });
    if (got.code === 0) return unpack(home, unpacked(version));
  }
  return `its source package could not be downloaded (versions listed: ${versions.join(', ') || 'none'})`;
}

async function sourceVersions(name: string, apt: readonly string[], home: string): Promise<string[]> {
  const { stdout } = await run('apt-cache', [...apt, 'showsrc', name], { cwd: home });
  return [...stdout.matchAll(/^Version: (\S+)$/gm)].map(([, version]) => version!).reverse();
}

async function unpack(home: string, source: Source): Promise<Source | string> {
  const description = readdirSync(home).find((file) => file.endsWith('.dsc'));
  if (!description) return 'its source package has no description';
  const draft = `${source.folder}.part`;
  rmSync(draft, { recursive: true, force: true });
  const done = await run('dpkg-source', ['--no-check', '-x', description, draft], { cwd: home });
  if (done.code !== 0) return `its source package does not unpack: ${done.stderr.trim().split('\n').at(-1)}`;
  renameSync(draft, source.folder);
  for (const file of readdirSync(home)) if (/\.(?:dsc|tar\.\w+|asc)$/.test(file)) rmSync(join(home, file));
  return source;
}

/** The machine's own archives, asked for sources, with lists and cache of our own. */
function aptOptions(home: string): string[] {
  const folder = join(home, 'apt');
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'parts'), { recursive: true });
  for (const [index, file] of sourceLists().entries())
    writeFileSync(join(folder, 'parts', `${index}.${file.kind}`), file.text);
  return [
    ['Dir::State::lists', join(folder, 'lists')],
    ['Dir::Cache', folder],
    ['Dir::Etc::sourcelist', '/dev/null'],
    ['Dir::Etc::sourceparts', join(folder, 'parts')],
    ['APT::Sandbox::User', 'root'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

function sourceLists(): { kind: string; text: string }[] {
  const parts = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(parts) ? readdirSync(parts).map((f) => join(parts, f)) : []),
  ];
  return files
    .filter((file) => existsSync(file) && /\.(?:list|sources)$/.test(file))
    .map((file) => {
      const text = readFileSync(file, 'utf8');
      return file.endsWith('.list')
        ? { kind: 'list', text: text.replaceAll(/^deb\s/gm, 'deb-src ') }
        : { kind: 'sources', text: text.replaceAll(/^Types:.*$/gm, 'Types: deb-src') };
    });
}
