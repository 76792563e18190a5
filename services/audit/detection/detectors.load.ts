import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

/** The files that come with Weirkeeper: found from the sources and from `dist/` alike. */
export function shippedDetectors(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, 'detectors');
}

/** Their ids, which are their files' names. */
export const shippedIds = (): string[] =>
  filesOf(shippedDetectors()).map(({ name }) => name.slice(0, -'.sql'.length));

/** Each file by itself: one that is refused keeps no other from running. */
export async function loadDetectors(
  reader: ClickHouseClient,
  folders: readonly string[],
  settings: DetectionSettings,
): Promise<LoadedDetectors> {
  // A store that is away is no file's fault.
  await rowsOf(reader, 'SELECT 1 AS one');
  const detectors: Detector[] = [];
  const refused = new Map<string, string>();
  for (const path of folders.flatMap(filesOf))
    try {
      const file = parseDetector(path.name, readFileSync(path.path, 'utf8'));
      const twin = detectors.find(({ id }) => id === file.id);
      if (twin) throw invalid([`${path.name}: id ${file.id} is that of ${twin.file}`]);
      detectors.push(await checkDetector(reader, file, settings));
    } catch (error) {
      refused.set(path.path, error instanceof Error ? error.message : String(error));
    }
  return { detectors, refused };
}

const filesOf = (folder: string): { readonly name: string; readonly path: string }[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({ name, path: join(folder, name) }));
