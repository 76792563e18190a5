import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import { topics } from '#events';
import { AUDIT_READER } from '../audit.tokens.js';
import { IngestService } from '../ingest/ingest.service.js';
import { FindingFold } from './finding.fold.js';

/** Whom the house has heard of: in sessions, in findings, or as who acted or asked for something. */
@Injectable()
export class KnownIdentities {
  readonly #log = new Logger('findings');
  readonly #client: ClickHouseClient;
  readonly #ingest: IngestService;
  readonly #fold: FindingFold;

  constructor(
    @Inject(AUDIT_READER) client: ClickHouseClient,
    @Inject(IngestService) ingest: IngestService,
    @Inject(FindingFold) fold: FindingFold,
  ) {
    this.#client = client;
    this.#ingest = ingest;
    this.#fold = fold;
  }

  /** True only where the record is there to say so: a store that is away or behind must hinder nobody's quarantine. */
  async isUnseen(identity: string): Promise<boolean> {
    if (this.#fold.book.knows(identity)) return false;
    try {
      if (await this.#isStored(identity)) return false;
      const isUpToDate =
        (await this.#ingest.caughtUp(topics.session)) && (await this.#ingest.caughtUp(topics.identity));
      return isUpToDate && !(await this.#isStored(identity));
    } catch (error) {
      this.#log.warn(`whether ${identity} was ever seen cannot be told: ${String(error)}`);
      return false;
    }
  }

  async #isStored(identity: string): Promise<boolean> {
    const answer = await this.#client.query({
      query: seenSql,
      query_params: { identity },
      format: 'JSONEachRow',
    });
    return (await answer.json()).length > 0;
  }
}

const seenSql = `
  SELECT 1 FROM weir.session_summary_rows WHERE identity = {identity: String} OR on_behalf_of = {identity: String} LIMIT 1
  UNION ALL SELECT 1 FROM weir.control_events WHERE identity = {identity: String} LIMIT 1`;
