import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '#audit-store';
import type { DetectionSettings } from './detection.settings.js';
import { checkDetector, type Detector } from './detector.check.js';
import { invalid, parseDetector } from './detector.file.js';
import { rowsOf } from './store.sql.js';

/** The detectors of some folders, and by file why others are not among them. */
export interface LoadedDetectors {
  readonly detectors: readonly Detector[];
  readonly refused: ReadonlyMap<string, string>;
}

/** A file as it lies there; or why it, or the folder itself, cannot be read. */
export interface DetectorText {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  readonly problem?: string;
}

/** The files that come with Weirkeeper: found from the sources and from `dist/` alike. */
export function shippedDetectors(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, 'detectors');
}

export type DetectorOwner = 'shipped' | 'house';

/** Whose files these are. */
export interface DetectorFolder {
  readonly path: string;
  readonly owner: DetectorOwner;
}

/** The shipped ones and a house's own, unless that is the same folder. */
export function detectorFolders(own: string | undefined): DetectorFolder[] {
  const shipped: DetectorFolder = { path: shippedDetectors(), owner: 'shipped' };
  if (own === undefined || isSame(own, shipped.path)) return [shipped];
  return [shipped, { path: own, owner: 'house' }];
}

const isSame = (one: string, other: string): boolean =>
  existsSync(one) && realpathSync(one) === realpathSync(other);

/** Their ids, which are their files' names. */
export const shippedIds = (): string[] =>
  readFolder(shippedDetectors()).map(({ name }) => name.slice(0, -'.sql'.length));

/** Each file by itself: one that is refused keeps no other from running. */
export async function loadDetectors(
  reader: ClickHouseClient,
  folders: readonly string[],
  settings: DetectionSettings,
): Promise<LoadedDetectors> {
  await expectStore(reader);
  const detectors: Detector[] = [];
  const refused = new Map<string, string>();
  for (const file of folders.flatMap(readFolder))
    try {
      detectors.push(await loadDetector(reader, file, detectors, settings));
    } catch (error) {
      refused.set(file.path, error instanceof Error ? error.message : String(error));
    }
  return { detectors, refused };
}

/** A store that is away is no file's fault. */
export async function expectStore(reader: ClickHouseClient): Promise<void> {
  await rowsOf(reader, 'SELECT 1 AS one');
}

/** Throws CONFIG_INVALID, naming the file; for an id that one of `others` has, too. */
export async function loadDetector(
  reader: ClickHouseClient,
  { name, text, problem }: Omit<DetectorText, 'path'>,
  others: readonly Pick<Detector, 'id' | 'file'>[],
  settings: DetectionSettings,
): Promise<Detector> {
  if (problem !== undefined) throw invalid([`${name}: ${problem}`]);
  if (Buffer.byteLength(text) > mostBytes) throw invalid([`${name}: longer than ${mostBytes / 1024} KiB`]);
  const file = parseDetector(name, text);
  const twin = others.find(({ id }) => id === file.id);
  if (twin) throw invalid([`${name}: id ${file.id} is that of ${twin.file}`]);
  return checkDetector(reader, file, settings);
}

/** Of a file, and of files in a folder: all of them are published in one event, and the log takes 8 MiB. */
const mostBytes = 64 * 1024;
const mostFiles = 100;

/** In the order of their names. Never throws: a folder that is not there is one thing that cannot be read. */
export function readFolder(folder: string): DetectorText[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
    return names.sort().map((name, i) => {
      const path = join(folder, name);
      return i < mostFiles
        ? readText(name, path)
        : { name, path, text: '', problem: `only the first ${mostFiles} files of a folder are taken` };
    });
  } catch (error) {
    return [{ name: folder, path: folder, text: '', problem: unreadable(error) }];
  }
}

function readText(name: string, path: string): DetectorText {
  try {
    return { name, path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { name, path, text: '', problem: unreadable(error) };
  }
}

const unreadable = (error: unknown): string =>
  `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
