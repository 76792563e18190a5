import type { FindingRaised, QuarantineSet } from '#events';
import type { Facts } from './approval.events.js';
import type { FindingEvent } from './finding.events.js';
import {
  findingStates,
  quarantineLevels,
  severities,
  stricter,
  type Finding,
  type FindingState,
  type Quarantine,
  type QuarantineLevel,
  type Risk,
} from './finding.js';

/** A finding is known for so long after its window; one whose window is older changes nothing. Milliseconds. */
export const findingKeptMs = 30 * 24 * 3_600_000;
/** Findings of one identity that are known at once. */
const mostFindings = 200;
/** Characters of a text of one; the store has all. */
const longestText = 500;
/** Rules that quarantine one identity at once. */
const mostRules = 64;

/** What stands of one identity: its findings, and how it is treated on their account. Reads no clock but the log's. */
export class FindingAccount {
  /** As they came. */
  readonly findings = new Map<string, Finding>();
  /** As a person set it, and by the ids of the findings whose rules did. */
  #personal: Quarantine | undefined;
  readonly #ruled = new Map<string, Quarantine>();
  /** Until when the risk of those lasts that more findings than can be known have pushed out. */
  readonly #pushedOut = { watch: 0, high: 0 };
  #until = { watch: 0, high: 0 };
  #quarantine: Quarantine | undefined;

  /** The strictest of those that stand; of equals the first. */
  get quarantine(): Quarantine | undefined {
    return this.#quarantine;
  }

  /** Those in whose name it acted, of the findings that are known. */
  get principals(): ReadonlySet<string> {
    const named = [...this.findings.values()].map(({ onBehalfOf }) => onBehalfOf);
    return new Set(named.filter((each) => each !== ''));
  }

  /** `now`: milliseconds. */
  risk(now: number): Risk {
    if (now < this.#until.high) return 'high';
    return now < this.#until.watch || this.#quarantine ? 'watch' : 'none';
  }

  /** Nothing of it need be remembered. `at`: by the log. */
  isOver(at: number): boolean {
    return this.findings.size === 0 && !this.#quarantine && at >= this.#until.high && at >= this.#until.watch;
  }

  /** False: it says nothing new. */
  raise(event: FindingEvent & { type: 'FindingRaised' }): boolean {
    const finding = findingOf(event.data, event.at);
    if (finding.id === '' || this.findings.has(finding.id)) return false;
    if (event.at - finding.windowEnd > findingKeptMs) return false;
    this.findings.set(finding.id, finding);
    if (finding.quarantine !== undefined && finding.identity !== '')
      this.#rule(ruleQuarantine(finding, finding.quarantine, event.eventId));
    this.#pushOut(event.at);
    return this.#refresh();
  }

  /** False: there is no such finding here, or nobody says what it is. */
  triage({ data }: FindingEvent & { type: 'FindingTriaged' }): boolean {
    const { findingId, by } = data;
    const finding = this.findings.get(findingId);
    const state = findingStates.find((each) => each === data.state);
    if (!state || !by?.id) return false;
    // What its rule set may be there for longer than is known of it.
    const ends = state === 'false_alarm' && this.#ruled.delete(findingId);
    if (finding) this.findings.set(findingId, { ...finding, state });
    return (finding !== undefined || ends) && this.#refresh();
  }

  /** A person's word takes the place of whatever stood; a rule's stands beside it, so that none makes another milder. */
  set(event: FindingEvent & { type: 'QuarantineSet' }): boolean {
    const quarantine = quarantineOf(event.data, event);
    if (quarantine.identity === '') return false;
    if (event.data.by?.id) {
      this.#ruled.clear();
      this.#personal = quarantine;
    } else this.#rule(quarantine);
    return this.#refresh();
  }

  /** Whatever stood is lifted; false: nothing did. */
  lift(): boolean {
    if (!this.#quarantine) return false;
    this.#ruled.clear();
    this.#personal = undefined;
    return this.#refresh();
  }

  /** What is known no longer: at the end of its time. True: something was. */
  forget(at: number): boolean {
    let forgot = false;
    for (const { id, windowEnd, riskUntil } of this.findings.values()) {
      if (at - windowEnd <= findingKeptMs || at < riskUntil) continue;
      forgot = this.findings.delete(id);
    }
    return forgot && this.#refresh();
  }

  #rule(quarantine: Quarantine): void {
    if (this.#ruled.size >= mostRules && stricter(this.#strictest(), quarantine) !== quarantine) return;
    this.#ruled.set(quarantine.findingId, quarantine);
  }

  #strictest(): Quarantine | undefined {
    return [...this.#ruled.values()].reduce<Quarantine | undefined>(stricter, this.#personal);
  }

  /** One whose risk is over before one that still counts: nobody raises small ones to be rid of a great one. */
  #pushOut(at: number): void {
    if (this.findings.size <= mostFindings) return;
    const all = [...this.findings.values()];
    const out = all.find((finding) => !counts(finding) || finding.riskUntil <= at) ?? all[0]!;
    this.findings.delete(out.id);
    if (counts(out) && out.risk !== 'none')
      this.#pushedOut[out.risk] = Math.max(this.#pushedOut[out.risk], out.riskUntil);
  }

  #refresh(): true {
    const until = { ...this.#pushedOut };
    for (const finding of this.findings.values())
      if (counts(finding) && finding.risk !== 'none')
        until[finding.risk] = Math.max(until[finding.risk], finding.riskUntil);
    this.#until = until;
    this.#quarantine = this.#strictest();
    return true;
  }
}

function counts({ state }: Finding): boolean {
  return state !== 'false_alarm';
}

function findingOf(raised: Facts<FindingRaised>, at: number): Finding {
  const { findingId: id, detector, identity, onBehalfOf, connection } = raised;
  return {
    ...{ id, detector, identity, onBehalfOf, connection, title: cut(raised.title) },
    ...{ subject: cut(raised.subject), evidence: cut(raised.evidence) },
    severity: severities.find((each) => each === raised.severity) ?? 'high',
    windowStart: milliseconds(raised.windowStartUs),
    windowEnd: milliseconds(raised.windowEndUs),
    // What is not understood counts as the worst.
    risk: raised.risk === '' || raised.risk === 'none' ? 'none' : raised.risk === 'watch' ? 'watch' : 'high',
    riskUntil: milliseconds(raised.riskUntilUs),
    quarantine: raised.quarantine === '' ? undefined : levelOf(raised.quarantine),
    raisedAt: at,
    state: 'open' satisfies FindingState,
  };
}

function ruleQuarantine(
  { id, identity, detector, title, raisedAt: since }: Finding,
  level: QuarantineLevel,
  eventId: string,
): Quarantine {
  return { identity, level, reason: title, by: `rule ${detector}`, findingId: id, since, eventId };
}

function quarantineOf(
  { identity, level, reason, by, findingId }: Facts<QuarantineSet>,
  { at: since, eventId }: FindingEvent,
): Quarantine {
  return { identity, level: levelOf(level), reason, by: by?.id || 'a rule', findingId, since, eventId };
}

/** One that is not known here is a newer version's: the strictest. */
function levelOf(level: string): QuarantineLevel {
  return quarantineLevels.find((each) => each === level) ?? 'blocked';
}

/** A copy: a slice would keep the whole of it in memory. */
function cut(text: string): string {
  return text.length <= longestText ? text : Buffer.from(`${text.slice(0, longestText - 1)}…`).toString();
}

function milliseconds(us: bigint): number {
  return Number(us / 1000n);
}
