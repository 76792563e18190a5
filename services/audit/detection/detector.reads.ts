import { Inject, Injectable } from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import { AppError } from '#kernel';
import { CONFIG, type WeirConfig } from '#platform';
import { AUDIT_READER } from '../audit.tokens.js';
import { notFound } from '../sessions/session.reads.js';
import { settingsOf } from './detection.settings.js';
import type { Detector } from './detector.check.js';
import type { CheckBody, CheckedList, DetectorItem, DetectorList, DetectorText } from './detector.item.js';
import { expectStore, loadDetector } from './detectors.load.js';
import { rowsOf } from './store.sql.js';

const at = "concat(replaceOne(toString(d.published_at), ' ', 'T'), 'Z') AS publishedAt";
const columns = `d.detector AS id, d.version AS version, d.title AS title, d.severity AS severity, d.technique AS technique,
  d.schedule AS schedule, d.file AS file, d.owner AS owner, d.refused AS refused`;

/** Detectors as they were published, whichever process runs them; and a check of files that are not yet. */
@Injectable()
export class DetectorReads {
  readonly #client: ClickHouseClient;
  readonly #config: WeirConfig;

  constructor(@Inject(AUDIT_READER) client: ClickHouseClient, @Inject(CONFIG) config: WeirConfig) {
    this.#client = client;
    this.#config = config;
  }

  async list(): Promise<DetectorList> {
    const rows = await rowsOf<DetectorItem & { publishedAt: string }>(
      this.#client,
      `SELECT ${columns}, ${at} FROM weir.detectors AS d
       WHERE d.event_id = (SELECT argMax(event_id, (published_at, place)) FROM weir.detectors) ORDER BY d.number`,
    );
    const { enabled } = this.#config.detection;
    return {
      enabled,
      publishedAt: rows[0]?.publishedAt ?? null,
      detectors: rows.map(({ publishedAt: _at, ...item }) => item),
    };
  }

  /** As it was first published with this version. Throws NOT_FOUND. */
  async text(id: string, version: string | undefined): Promise<DetectorText> {
    const [row] = await rowsOf<DetectorText>(
      this.#client,
      `SELECT ${columns}, d.text AS text, ${at} FROM weir.detectors AS d WHERE d.detector = {id: String} AND ${
        version === undefined
          ? '1 ORDER BY d.published_at DESC, d.place DESC'
          : 'd.version = {version: String} ORDER BY d.published_at, d.place'
      } LIMIT 1`,
      { id, ...(version !== undefined && { version }) },
    );
    if (!row) throw notFound('detector', version === undefined ? id : `${id} of version ${version}`);
    return row;
  }

  /** Throws CONFIG_INVALID with a line for each file that would be refused. */
  async check({ files }: CheckBody): Promise<CheckedList> {
    await expectStore(this.#client);
    const names = new Set(files.map(({ name }) => name));
    // A file of the house's own that is checked would take the place of the one that has its name.
    const running = (await this.list()).detectors.filter(
      ({ id, file, owner }) => id !== '' && (owner === 'shipped' || !names.has(file)),
    );
    const good: Detector[] = [];
    const problems: string[] = [];
    for (const file of files)
      try {
        good.push(await loadDetector(this.#client, file, [...running, ...good], settingsOf(this.#config)));
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    if (problems.length > 0) throw new AppError('CONFIG_INVALID', problems.join('\n'));
    return {
      detectors: good.map(({ id, version, title, schedule, severity, file }) => ({
        id,
        version,
        title,
        schedule,
        severity,
        file,
      })),
    };
  }
}
