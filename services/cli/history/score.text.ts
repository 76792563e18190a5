import { inline, plural, table } from '../render.js';
import { dayText, minute, sizeText } from './history.text.js';
import type { Delay, Rate, ScoreAnswer, ShareOf } from './score.schema.js';

/** A look back as a person reads it: of what, then what it came to. */
export function scoreText(answer: ScoreAnswer, width: number | undefined): string {
  const body = answer.score
    ? [...scoreTables(answer, answer.score), footnotes]
    : [findingTable(answer, width)];
  return [ofWhat(answer), ...body].join('\n\n');
}

function ofWhat({
  history,
  measuredFrom,
  learnDays,
  agentWeeks,
  settings,
  detectors,
  labels,
}: ScoreAnswer): string {
  const { timezone, hours, holidays, honeytokens } = settings;
  const lines: [string, string][] = [
    ['history', sizeText(history)],
    [
      'measured',
      `from ${dayText(measuredFrom)} on, after ${learnDays} days of learning: ${agentWeeks.toFixed(1)} weeks of one agent`,
    ],
    [
      'house',
      `${timezone}, ${hours.join('-')} h, ${holidays.length} holidays, ${honeytokens.length} honeytokens`,
    ],
    ['detectors', `${detectors.ran.length}, as they are shipped and configured: every finding counts`],
    ...(labels ? [['labels', labelText(labels)] as [string, string]] : []),
  ];
  return lines.map(([name, text]) => `${name.padEnd(9)}  ${inline(text)}`).join('\n');
}

function labelText({ incidents, early, leftOut }: NonNullable<ScoreAnswer['labels']>): string {
  return [
    `${incidents} incidents`,
    ...(early > 0 ? [`${early} more lie in the days of learning`] : []),
    ...(leftOut > 0 ? [`${leftOut} left out, and what is found of them counts as false`] : []),
  ].join(', ');
}

function scoreTables({ findings }: ScoreAnswer, score: NonNullable<ScoreAnswer['score']>): string[] {
  const prevalences = (score.overall[0]?.precisionAt ?? []).map(({ prevalence }) => prevalence).join(', ');
  const overallHeads = ['findings', 'recall', 'plain', 'stealthy', 'false alarms', 'precision here'];
  const overall = score.overall.map((row) => [
    row.severity === 'low' ? `all ${findings.length}` : `${row.findings} from ${row.severity} on`,
    ...[row.recall, row.plain, row.stealthy].map(shareText),
    ...[rateText(row.falseAlarms), shareText(row.precisionHere)],
    ...[row.precisionAt.map(({ value }) => numberText(value)).join(', '), delayText(row.foundAfter)],
  ]);
  const kinds = score.kinds.map((row) => [
    ...[inline(row.kind), row.form, row.recall.of, shareText(row.recall), sizesText(row.byMagnitude)],
    delayText(row.foundAfter),
  ]);
  const [silent, loud] = [false, true].map((isLoud) =>
    score.detectors.filter((row) => row.findings > 0 === isLoud),
  );
  const detectors = (loud ?? []).map((row) => [
    ...[row.detector, row.findings, row.falseFindings, rateText(row.falseAlarms)],
    ...[Math.round((row.recall.value ?? 0) * row.recall.of), row.alone, delayText(row.foundAfter)],
  ]);
  return [
    table([...overallHeads, `precision at ${prevalences}`, found], overall),
    table(['kind', 'form', 'incidents', 'recall', 'recall by magnitude', found], kinds),
    table(['detector', 'findings', 'false', 'false alarms', 'incidents', 'only it', found], detectors),
    `without a finding: ${(silent ?? []).map(({ detector }) => detector).join(', ') || 'none'}`,
  ];
}

const found = 'found after: median, p95';

const footnotes = `Intervals are 95 %. False alarms are per 100 agents per week: findings of one identity at most six hours apart that are about no
labelled incident; without its
milder findings an alarm may lose the one that was about it. Precision at N: were there N incidents per 100 agents per week. Nothing was tuned on this history.`;

const findingHeads = ['window from', 'severity', 'detector', 'who', 'where', 'evidence'];

function findingTable({ findings, alarms }: ScoreAnswer, width: number | undefined): string {
  if (findings.length === 0) return 'no findings';
  const rows = findings.map(
    ({ windowStart, severity, detector, identity, connection, subject, evidence }) => [
      ...[minute(windowStart), severity, detector, inline(identity) || 'nobody'],
      ...[inline([connection, subject].filter((each) => each !== '').join(', ')), inline(evidence)],
    ],
  );
  const said = `${plural(findings.length, 'finding')}, ${plural(alarms.count, 'alarm')}: ${rateText(alarms)} per 100 agents per week`;
  return `${table(findingHeads, rows, { width })}\n\n${said}`;
}

function delayText({ median, p95 }: Delay): string {
  return median === null || p95 === null ? '–' : `${hours(median)}, ${hours(p95)}`;
}

const hours = (ms: number): string =>
  ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;

const numberText = (value: number | null): string => (value === null ? '–' : value.toFixed(2));

/** `0.83 (0.71–0.91)`; of nothing a dash. */
const shareText = ({ value, low, high }: ShareOf): string =>
  value === null ? '–' : `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;

const rateText = ({ value, low, high }: Rate): string =>
  `${value.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`;

type Sizes = NonNullable<ScoreAnswer['score']>['kinds'][number]['byMagnitude'];

const sizesText = (sizes: Sizes): string =>
  sizes
    .map(({ from, to, recall }) => `${from === to ? from : `${from}–${to}`}: ${numberText(recall.value)}`)
    .join(', ');
