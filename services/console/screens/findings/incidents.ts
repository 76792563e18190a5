import type { Finding, FindingList, Incident } from './finding.js';

/** An incident as far as a page of findings shows it. */
export interface ShownIncident {
  readonly id: string;
  /** As a whole; undefined where the answer does not tell it. */
  readonly whole: Incident | undefined;
  /** Those of this page, the newest first. */
  readonly findings: readonly [Finding, ...Finding[]];
}

/** A page of findings by incident, in the order of each one's newest finding. */
export function byIncident({ findings, incidents }: FindingList): ShownIncident[] {
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const group = groups.get(finding.incident);
    if (group) group.push(finding);
    else groups.set(finding.incident, [finding]);
  }
  const known = new Map(incidents.map((incident) => [incident.id, incident]));
  return [...groups].map(([id, group]) => ({ id, whole: known.get(id), findings: group }));
}
