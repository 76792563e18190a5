import type { GetFindingsByIdResponse, GetFindingsResponse } from '../../api/gen/types.gen.js';
import type { Tone } from '../../ui/tag.js';

/** The API has both kinds of answer at one address: these are its own, not those of the export. */
export type Finding = Extract<GetFindingsByIdResponse, { readonly evidence: string }>;
export type FindingList = Extract<GetFindingsResponse, { readonly incidents: unknown }>;
export type Incident = FindingList['incidents'][number];
export type State = Finding['state'];

/** Asked for without a format, the API answers so. */
export function isFinding(answer: GetFindingsByIdResponse): answer is Finding {
  return 'evidence' in answer && typeof answer['evidence'] === 'string';
}

/** The API's words: one that it does not know yet stands as it is. */
const severities = new Map<string, readonly [Tone, string]>([
  ['low', ['neutral', 'Low']],
  ['medium', ['waiting', 'Medium']],
  ['high', ['bad', 'High']],
  ['critical', ['bad', 'Critical']],
]);
const states = new Map<string, readonly [Tone, string]>([
  ['open', ['info', 'Open']],
  ['acknowledged', ['good', 'Acknowledged']],
  ['false_alarm', ['neutral', 'False alarm']],
]);

export function severityOf(severity: string): readonly [Tone, string] {
  return severities.get(severity) ?? ['neutral', severity];
}

export function stateOf(state: string): readonly [Tone, string] {
  return states.get(state) ?? ['neutral', state];
}

/** Whom it is about, as the record has them. */
export function aboutOf({ identity }: { readonly identity: string }): string {
  return identity === '' ? 'nobody in particular' : identity;
}

/** MITRE's page of `T1530` or `T1078.004`; undefined for what is no technique's id. */
export function techniquePage(technique: string): string | undefined {
  const [, id, part] = /^(T\d{4})(?:\.(\d{3}))?$/.exec(technique) ?? [];
  if (id === undefined) return undefined;
  return `https://attack.mitre.org/techniques/${id}/${part === undefined ? '' : `${part}/`}`;
}

export interface SessionLinks {
  readonly sessionId: string;
  readonly statementIds: readonly string[];
}

/** Sessions with their statements: a statement's id is its session's and a number. */
export function linksOf({
  sessionIds,
  statementIds,
}: Pick<Finding, 'sessionIds' | 'statementIds'>): SessionLinks[] {
  const all = new Set([...sessionIds, ...statementIds.map(sessionOf)]);
  return [...all].map((sessionId) => ({
    sessionId,
    statementIds: statementIds.filter((id) => sessionOf(id) === sessionId),
  }));
}

function sessionOf(statementId: string): string {
  return statementId.replace(/-\d+$/, '');
}

const numbers = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });

/** A measure's value; JSON has no word for one that is no number. */
export function measured(value: number | null): string {
  return typeof value === 'number' ? numbers.format(value) : 'not known';
}
