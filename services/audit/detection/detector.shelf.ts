import { createHash } from 'node:crypto';
import type { ClickHouseClient } from '#audit-store';
import type { EventLog } from '#event-log';
import type { Clock } from '#kernel';
import type { DetectionSettings } from './detection.settings.js';
import type { Detector } from './detector.check.js';
import { expectStore, loadDetector, readFolder, type DetectorText } from './detectors.load.js';
import {
  lastPublished,
  publishDetectors,
  setVersion,
  type DetectorOwner,
  type ShelvedFile,
} from './detectors.published.js';

export interface DetectorFolder {
  readonly path: string;
  readonly owner: DetectorOwner;
}

export interface DetectorShelfOptions {
  readonly folders: readonly DetectorFolder[];
  readonly settings: DetectionSettings;
  /** Checks queries. */
  readonly reader: ClickHouseClient;
  /** Reads what was published. */
  readonly client: ClickHouseClient;
  readonly log: Pick<EventLog, 'append'>;
  /** CloudEvents `source`. */
  readonly source: string;
  readonly clock: Clock;
  /** Told of each set that runs from then on. */
  readonly onSet: (files: readonly ShelvedFile[]) => void;
}

/** Milliseconds between two looks into the folders; and between two checks of the same files while one of them is refused. */
const lookEvery = 5_000;
const checkAgainEvery = 60_000;

/**
 * The detectors that run: those of the folders as their files are now. A file that is refused, or a folder that cannot be read,
 * stops nothing that ran: its last good version runs on, after a restart too (the log has its text). What is gone from a folder
 * is gone. Each set that differs from the last one is published before it runs.
 */
export class DetectorShelf {
  #files: readonly ShelvedFile[] = [];
  #published: string | undefined;
  #digest = '';
  #looked = -Infinity;
  #checked = -Infinity;

  constructor(private readonly options: DetectorShelfOptions) {}

  get detectors(): readonly Detector[] {
    return this.#files.flatMap(({ detector }) => detector ?? []);
  }

  /** Another process may publish meanwhile. */
  forget(): void {
    [this.#published, this.#looked, this.#checked] = [undefined, -Infinity, -Infinity];
  }

  /**
   * Takes what has changed in the folders; returns whether others run than before. Throws where store or log do not answer: then
   * nothing has changed.
   */
  async look(): Promise<boolean> {
    const { clock, folders } = this.options;
    if (clock.now() - this.#looked < lookEvery) return false;
    const texts = folders.flatMap(({ path, owner }) => readFolder(path).map((text) => ({ ...text, owner })));
    const digest = digestOf(texts);
    const isStill = this.#published !== undefined && digest === this.#digest && !this.#isDue(clock.now());
    const isOther = !isStill && (await this.#take(texts));
    [this.#digest, this.#looked] = [digest, clock.now()];
    return isOther;
  }

  /** A store that was short of something may have refused what it takes now. */
  #isDue(now: number): boolean {
    return this.#files.some(({ refused }) => refused !== '') && now - this.#checked >= checkAgainEvery;
  }

  async #take(texts: readonly OwnedText[]): Promise<boolean> {
    const { reader, client, clock, onSet } = this.options;
    await expectStore(reader);
    const last = this.#published === undefined ? await lastPublished(client) : undefined;
    const before = this.#files.length > 0 ? this.#files : (last?.files ?? []);
    const files: ShelvedFile[] = [];
    for (const text of texts.flatMap((each) => withoutFolder(each, before)))
      files.push(await this.#shelved(text, before, files));
    const version = setVersion(files);
    if (version !== (this.#published ?? last?.version)) await publishDetectors(files, this.options);
    const isOther = setVersion(this.#files) !== version || this.#published === undefined;
    [this.#files, this.#published, this.#checked] = [files, version, clock.now()];
    if (isOther) onSet(files);
    return isOther;
  }

  async #shelved(
    { name, owner, text, problem }: OwnedText,
    before: readonly ShelvedFile[],
    others: readonly ShelvedFile[],
  ): Promise<ShelvedFile> {
    const { reader, settings } = this.options;
    const running = others.flatMap(({ detector }) => detector ?? []);
    const load = (own: string, why?: string) =>
      loadDetector(
        reader,
        { name, text: own, ...(why !== undefined && { problem: why }) },
        running,
        settings,
      );
    try {
      return { file: name, owner, text, refused: '', detector: await load(text, problem) };
    } catch (error) {
      const refused = error instanceof Error ? error.message : String(error);
      const kept = before.find((each) => each.file === name && each.owner === owner)?.text ?? '';
      const detector = kept === '' ? undefined : await load(kept).catch(() => undefined);
      return { file: name, owner, refused, text: detector ? kept : '', detector };
    }
  }
}

interface OwnedText extends DetectorText {
  readonly owner: DetectorOwner;
}

/** Of a folder that cannot be read each file that was in it, with the same problem. */
function withoutFolder(text: OwnedText, before: readonly ShelvedFile[]): OwnedText[] {
  if (text.problem === undefined || text.name !== text.path) return [text];
  const known = before.filter(({ owner, file }) => owner === text.owner && file !== text.name);
  return [text, ...known.map(({ file }) => ({ ...text, name: file }))];
}

function digestOf(texts: readonly OwnedText[]): string {
  const parts = texts.map(({ path, text, problem = '' }) => [path, text, problem]);
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
