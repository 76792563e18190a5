import { FindingBook, fromLoggedFinding, type Finding } from '#domain';
import type { LoggedEvent } from '#event-log';
import { topics } from '#events';
import { logFoldError } from '#platform';
import { brief } from './brief.js';
import type { Notice, NoticeSource } from './notice.js';

const longestEvidence = 500;

/** weir.finding.v1 as notices: one for each finding, when it is first raised. */
export class FindingNotices implements NoticeSource {
  readonly topic = topics.finding;
  readonly #book = new FindingBook(logFoldError);
  readonly #publicUrl: string;

  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl;
  }

  /** Tells of a finding that nothing was known of. */
  apply(logged: LoggedEvent): Notice | undefined {
    const event = fromLoggedFinding(logged);
    if (event?.type !== 'FindingRaised') {
      this.#book.apply(logged);
      return undefined;
    }
    const { identity, findingId } = event.data;
    const before = this.#book.get(identity, findingId);
    this.#book.apply(logged);
    const finding = this.#book.get(identity, findingId);
    if (before || !finding) return undefined;
    const { severity } = finding;
    return { id: event.eventId, type: 'finding.opened', at: event.at, data: this.#data(finding), severity };
  }

  /** Counts and names: no value that a statement read is in a finding at all. */
  #data(finding: Finding): object {
    const { id, state, severity, detector, onBehalfOf, connection, risk, quarantine } = finding;
    return {
      ...{ id, status: state, severity, detector: brief(detector), title: brief(finding.title) },
      ...{
        identity: brief(finding.identity),
        connection: brief(connection),
        subject: brief(finding.subject),
      },
      onBehalfOf: onBehalfOf === '' ? null : brief(onBehalfOf),
      evidence: brief(finding.evidence, longestEvidence),
      windowStart: new Date(finding.windowStart).toISOString(),
      windowEnd: new Date(finding.windowEnd).toISOString(),
      ...{ risk, quarantine: quarantine ?? null },
      url: `${this.#publicUrl}/findings/${encodeURIComponent(id)}`,
    };
  }
}
