import { createHash } from 'node:crypto';
import type { ClickHouseClient } from '#audit-store';
import type { EventLog } from '#event-log';
import type { Clock } from '#kernel';
import type { DetectionSettings } from './detection.settings.js';
import type { Detector } from './detector.check.js';
import {
  expectStore,
  loadDetector,
  readFolder,
  type DetectorFolder,
  type DetectorOwner,
  type DetectorText,
} from './detectors.load.js';
import { lastPublished, publishDetectors, setVersion, type ShelvedFile } from './detectors.published.js';

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

  /** Ids of those that are not shipped. */
  get own(): ReadonlySet<string> {
    return new Set(
      this.#files.flatMap(({ owner, detector }) => (owner === 'house' && detector ? [detector.id] : [])),
    );
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
    { owner, ...text }: OwnedText,
    before: readonly ShelvedFile[],
    others: readonly ShelvedFile[],
  ): Promise<ShelvedFile> {
    const { reader, settings } = this.options;
    const file = text.name;
    const running = others.flatMap(({ detector }) => detector ?? []);
    try {
      const detector = await loadDetector(reader, text, running, settings);
      return { file, owner, text: text.text, refused: '', detector };
    } catch (error) {
      const refused = error instanceof Error ? error.message : String(error);
      const last = before.find((each) => each.file === file && each.owner === owner);
      return { file, owner, refused, text: last?.text ?? '', detector: await this.#kept(last, running) };
    }
  }

  /** What was good runs on unchecked; what the log alone knows is checked as a file is. */
  async #kept(last: ShelvedFile | undefined, running: readonly Detector[]): Promise<Detector | undefined> {
    const { reader, settings } = this.options;
    if (last?.detector) return running.some(({ id }) => id === last.detector?.id) ? undefined : last.detector;
    if (!last || last.text === '') return undefined;
    return loadDetector(reader, { name: last.file, text: last.text }, running, settings).catch(
      () => undefined,
    );
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
