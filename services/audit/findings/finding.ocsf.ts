import { z } from 'zod';
import type { FindingItem } from './finding.item.js';

/*
 * A finding as an event of the Open Cybersecurity Schema Framework, 1.8.0: Detection Finding (2004), or Data Security Finding
 * (2006) where it counts values of classes. https://schema.ocsf.io/1.8.0/classes/detection_finding
 * What is `required` there is always here; of what is `recommended`, what the record knows.
 */

const schemaVersion = '1.8.0';
const findingsCategory = 2;

export const ocsfFinding = z.looseObject({
  metadata: z.object({
    version: z.string(),
    product: z.object({ name: z.string(), vendor_name: z.string() }),
    uid: z.string(),
    correlation_uid: z.string().describe('the incident'),
  }),
  category_uid: z.literal(findingsCategory),
  class_uid: z.union([z.literal(2004), z.literal(2006)]),
  class_name: z.string(),
  type_uid: z.number(),
  activity_id: z.number().describe('1: created; 2: somebody has seen it; 3: closed, a false alarm'),
  activity_name: z.string(),
  time: z.number().describe('when it was raised; milliseconds since the epoch, as all times here'),
  start_time: z.number(),
  end_time: z.number(),
  severity_id: z.number(),
  severity: z.string(),
  status_id: z.number(),
  status: z.string(),
  message: z.string(),
  finding_info: z.looseObject({ uid: z.string(), title: z.string() }),
  is_alert: z.boolean(),
});
export type OcsfFinding = z.infer<typeof ocsfFinding>;
export const ocsfPage = z.object({ findings: z.array(ocsfFinding), next: z.string().nullable() });
export type OcsfPage = z.infer<typeof ocsfPage>;

const severityIds: Readonly<Record<string, number>> = { low: 2, medium: 3, high: 4, critical: 5 };
const severityNames = ['Unknown', 'Informational', 'Low', 'Medium', 'High', 'Critical'];

const lifecycles: Readonly<Record<FindingItem['state'], Lifecycle>> = {
  open: { activity: 1, activityName: 'Create', status: 1, statusName: 'New' },
  acknowledged: { activity: 2, activityName: 'Update', status: 2, statusName: 'In Progress' },
  false_alarm: { activity: 3, activityName: 'Close', status: 3, statusName: 'Suppressed' },
};

interface Lifecycle {
  readonly activity: number;
  readonly activityName: string;
  readonly status: number;
  readonly statusName: string;
}

export function ocsfOf(finding: FindingItem): OcsfFinding {
  const { activity, activityName, status, statusName } = lifecycles[finding.state];
  const isData = countsClasses(finding);
  const classUid = isData ? 2006 : 2004;
  const severity = severityIds[finding.severity] ?? 0;
  return {
    metadata: {
      version: schemaVersion,
      product: { name: 'Weirkeeper', vendor_name: 'Weirkeeper' },
      ...{ uid: finding.id, correlation_uid: finding.incident },
    },
    ...{ category_uid: findingsCategory, category_name: 'Findings' },
    ...{ class_uid: classUid, class_name: isData ? 'Data Security Finding' : 'Detection Finding' },
    ...{ type_uid: classUid * 100 + activity, activity_id: activity, activity_name: activityName },
    ...{ time: ms(finding.raisedAt), start_time: ms(finding.windowStart), end_time: ms(finding.windowEnd) },
    ...{ severity_id: severity, severity: severityNames[severity]! },
    ...{ status_id: status, status: statusName, status_detail: finding.stateReason },
    message: finding.evidence,
    finding_info: infoOf(finding),
    // Somebody has said what it is: no news.
    is_alert: finding.state === 'open',
    resources: resourcesOf(finding),
    ...(isData ? dataOf(finding) : { evidences: evidencesOf(finding) }),
    unmapped: unmappedOf(finding),
  };
}

/** Measures that begin so count values of data classes: `values_out`, `masked_values`. */
function countsClasses({ measures }: FindingItem): boolean {
  return Object.entries(measures).some(
    ([name, value]) => /^(values_out|masked|revealed)/.test(name) && value > 0,
  );
}

function infoOf(finding: FindingItem): OcsfFinding['finding_info'] {
  const { id: uid, title, evidence: desc, technique, detector, version } = finding;
  return {
    ...{ uid, title, desc },
    created_time: ms(finding.raisedAt),
    ...(finding.stateAt === null ? {} : { modified_time: ms(finding.stateAt) }),
    ...{ first_seen_time: ms(finding.windowStart), last_seen_time: ms(finding.windowEnd) },
    analytic: { uid: detector, name: detector, version, type_id: 1, type: 'Rule' },
    ...(technique === '' ? {} : { attacks: [{ technique: { uid: technique } }] }),
  };
}

function resourcesOf({ connection, subject }: FindingItem): object[] {
  return [
    ...(connection === '' ? [] : [{ uid: connection, name: connection, type: 'Connection' }]),
    ...(subject === '' ? [] : [{ uid: subject, name: subject }]),
  ];
}

function evidencesOf(finding: FindingItem): object[] {
  const actors = actorOf(finding);
  const links = { session_uids: finding.sessionIds, statement_uids: finding.statementIds };
  return [{ ...actors, data: { ...links, measures: finding.measures } }];
}

/** Of this class the actor stands in the event itself. */
function dataOf(finding: FindingItem): object {
  const { connection } = finding;
  return {
    ...actorOf(finding),
    ...(connection === ''
      ? {}
      : { database: { name: connection, uid: connection, type_id: 1, type: 'Relational' } }),
    data_security: { data_lifecycle_state_id: 3, data_lifecycle_state: 'Data in-Use' },
  };
}

function actorOf({ identity }: FindingItem): object {
  return identity === '' ? {} : { actor: { user: { uid: identity, name: identity } } };
}

/** What the schema has no word for. */
function unmappedOf(finding: FindingItem): object {
  const { onBehalfOf, risk, riskUntil, quarantine, sessionIds, statementIds, measures } = finding;
  return {
    ...{ on_behalf_of: onBehalfOf, risk, risk_until: riskUntil, quarantine },
    ...{ session_uids: sessionIds, statement_uids: statementIds, measures },
  };
}

const ms = (time: string): number => Date.parse(time);
