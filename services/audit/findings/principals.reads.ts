import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import { topics } from '#events';
import { AppError } from '#kernel';
import { AUDIT_READER } from '../audit.tokens.js';
import { IngestService } from '../ingest/ingest.service.js';
import { FindingFold } from './finding.fold.js';
import type { FindingItem } from './finding.item.js';

type About = Pick<FindingItem, 'identity' | 'sessionIds' | 'windowStart' | 'windowEnd'>;

/** In whose name identities acted, by all that the record has. Throws LOG_UNAVAILABLE where it cannot tell now. */
@Injectable()
export class PrincipalsReads {
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

  /** In any session or finding of this identity. */
  async of(identity: string): Promise<string[]> {
    const people = await this.#people(identity, ofIdentitySql, { identity });
    return [...people, ...this.#fold.book.principalsOf(identity)];
  }

  /** In the sessions that a finding names, and in those of its identity that its window touches: an agent may be shared. */
  ofFinding({ identity, sessionIds, windowStart, windowEnd }: About): Promise<string[]> {
    return this.#people(identity, ofFindingSql, { identity, sessionIds, windowStart, windowEnd });
  }

  async #people(identity: string, query: string, params: Record<string, unknown>): Promise<string[]> {
    const untold = (cause?: unknown) => cannotTell(identity, cause);
    try {
      if (!(await this.#isUpToDate())) throw untold();
      const answer = await this.#client.query({ query, query_params: params, format: 'JSONEachRow' });
      return (await answer.json<{ person: string }>()).map(({ person }) => person);
    } catch (error) {
      this.#log.warn(`for whom ${identity} acts cannot be told: ${String(error)}`);
      throw error instanceof AppError ? error : untold(error);
    }
  }

  async #isUpToDate(): Promise<boolean> {
    return (await this.#fold.follower.catchUp()) && (await this.#ingest.caughtUp(topics.session));
  }
}

function cannotTell(identity: string, cause: unknown): AppError {
  return new AppError('LOG_UNAVAILABLE', `the record cannot tell now in whose name ${identity} acted`, {
    hint: 'Try again once the audit store answers and is not behind. What is stricter can be set meanwhile.',
    cause,
  });
}

/** The store has findings that the fold has forgotten, and the fold those that are not in the store yet. */
const ofIdentitySql = `
  SELECT DISTINCT toString(on_behalf_of) AS person FROM weir.session_summary_rows
  WHERE identity = {identity: String} AND on_behalf_of != ''
  UNION DISTINCT
  SELECT f.on_behalf_of FROM weir.findings AS f WHERE f.identity = {identity: String} AND f.on_behalf_of != ''`;

const timeOf = (name: string) => `parseDateTime64BestEffort({${name}: String}, 6, 'UTC')`;

/** Of a session that a finding without an identity names, whoever it was is whom it is about. */
const ofFindingSql = `
  SELECT DISTINCT arrayJoin([toString(identity), toString(on_behalf_of)]) AS person FROM weir.session_summary_rows
  WHERE session_id IN {sessionIds: Array(String)}
  UNION DISTINCT
  SELECT toString(on_behalf_of) FROM weir.session_summary_rows
  WHERE identity = {identity: String} AND identity != ''
    AND started_at <= ${timeOf('windowEnd')} AND last_event_at >= ${timeOf('windowStart')}`;
