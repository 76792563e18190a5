import { incidentGapMs } from '#domain';
import type { Incident } from './incident.js';
import type { ScoredFinding } from './scored.finding.js';

/** Findings of one identity at most six hours apart, and the incidents that one of them is about. */
export interface Alarm {
  readonly findings: readonly ScoredFinding[];
  readonly incidents: ReadonlySet<Incident>;
}

/** A finding with what it is about; of none: it is false. */
export interface Judged extends ScoredFinding {
  readonly incidents: readonly Incident[];
}

/** Against the labels of the same events. */
export function judged(findings: readonly ScoredFinding[], incidents: readonly Incident[]): Judged[] {
  const own = byIdentity(incidents);
  return findings.map((finding) => ({
    ...finding,
    incidents: (own.get(finding.identity) ?? []).filter((incident) => isAbout(finding, incident)),
  }));
}

/**
 * The identity's, at the time, and of something that belongs to it: a session, a statement or a table. Where either names no
 * session, or the finding more than it could list, the time says enough.
 */
function isAbout(finding: ScoredFinding, { from, to, sessionIds, statementIds, tables }: Incident): boolean {
  if (finding.windowEnd <= from || finding.windowStart > to) return false;
  const links = [...sessionIds, ...statementIds];
  if (finding.links.size === 0 || finding.isCut || links.length === 0) return true;
  return tables.includes(finding.subject) || links.some((link) => finding.links.has(link));
}

/** In whatever order findings come. */
export function alarmsOf(findings: readonly Judged[]): Alarm[] {
  return [...byIdentity(findings).values()].flatMap((own) =>
    grouped(own).map((group) => ({ findings: group, incidents: new Set(group.flatMap((f) => f.incidents)) })),
  );
}

function grouped(findings: readonly Judged[]): Judged[][] {
  const groups: Judged[][] = [];
  let end = -Infinity;
  for (const finding of findings.toSorted((a, b) => a.windowStart - b.windowStart)) {
    if (finding.windowStart - end > incidentGapMs) groups.push([]);
    groups.at(-1)?.push(finding);
    end = Math.max(end, finding.windowEnd);
  }
  return groups;
}

function byIdentity<T extends { readonly identity: string }>(all: readonly T[]): Map<string, T[]> {
  const own = new Map<string, T[]>();
  for (const each of all) own.set(each.identity, [...(own.get(each.identity) ?? []), each]);
  return own;
}
