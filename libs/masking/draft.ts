import type { ColumnFinding, ColumnPlace } from './evidence.js';
import type { MaskingRule, MaskingRules } from './rules.js';

export interface DraftFacts {
  readonly connection: string;
  /** `2026-11-21`. */
  readonly date: string;
  readonly findings: readonly ColumnFinding[];
  /** What could not be looked at, and why, one line each. */
  readonly skipped: readonly string[];
  /** Rules in force. A masking.yaml replaces all of them, so the draft ends with them. */
  readonly inForce: MaskingRules;
}

/**
 * A masking.yaml, ready to be read, changed and published: rules for what was found, then the rules in force, so
 * that publishing it unmasks nothing. Evidence is in comments: shares and numbers, never a value.
 */
export function maskingDraft({ connection, date, findings, skipped, inForce }: DraftFacts): string {
  const proposed = findings.filter(({ proposal }) => proposal);
  const telling = findings.filter(({ proposal, classes }) => !proposal && classes.length > 0);
  const masked = findings.filter(({ rule }) => rule && rule.transform !== 'clear');
  const cleared = telling.filter(({ rule }) => rule?.transform === 'clear');
  const inside = telling.filter(({ rule }) => !rule);
  const rules = [
    ...proposed.flatMap((finding) => [
      `  # ${evidenceOf(finding)}`,
      `  - ${proposalOf(connection, finding)}`,
    ]),
    ...noted('Covered already, by a rule below:', masked),
    ...noted('In the clear, because a rule below says so, and yet:', cleared),
    ...noted('No rule: the classifiers mask what they find inside a longer text:', inside),
    ...(skipped.length === 0 ? [] : ['  # Not looked at:', ...skipped.map((line) => `  #   ${plain(line)}`)]),
    ...(inForce.rules.length === 0 ? [] : ['  # The rules in force until now, in their order:']),
    ...inForce.rules.map((rule) => `  - ${ruleText(rule)}`),
  ];
  const empty = proposed.length + inForce.rules.length === 0;
  return [
    `# masking.yaml, a draft from connection ${plain(connection)}: ${findings.length} columns, ${date}. First match wins.`,
    '# Shares are of the values looked at. What neither values nor names give away is not here: read it, complete it.',
    empty ? 'rules: []' : 'rules:',
    ...rules,
    ...(inForce.patterns.length === 0 ? [] : ['patterns:', ...inForce.patterns.map(patternText)]),
    ...(Object.keys(inForce.inbound).length === 0 ? [] : [inboundText(inForce.inbound)]),
    '',
  ].join('\n');
}

function noted(title: string, findings: readonly ColumnFinding[]): string[] {
  return findings.length === 0
    ? []
    : [`  # ${title}`, ...findings.map((finding) => `  #   ${evidenceOf(finding)}`)];
}

/** `public.customers.mail (text): email 98 % of 1,000 values, its name says email, masked (email, partial)` */
function evidenceOf(finding: ColumnFinding): string {
  const { schema, table, column, type, values, classes, nameSays, rule } = finding;
  const found = classes.map((each) => `${each.class} ${percent(each.found / values)}`);
  const said = [
    ...(found.length > 0 ? [`${found.join(', ')} of ${values.toLocaleString('en')} values`] : []),
    ...(found.length === 0 && values > 0 ? [`nothing in ${values.toLocaleString('en')} values`] : []),
    ...(nameSays === undefined ? [] : [`its name says ${nameSays}`]),
    ...(rule && rule.transform !== 'clear' ? [`masked (${rule.class}, ${rule.transform})`] : []),
  ];
  return `${plain([schema, table, column].join('.'))} (${plain(type)}): ${said.join('; ')}`;
}

function percent(share: number): string {
  if (share < 0.01) return 'under 1 %';
  return `${share < 1 ? Math.min(99, Math.round(share * 100)) : 100} %`;
}

function proposalOf(connection: string, { proposal, ...place }: ColumnFinding): string {
  return ruleText({ ...proposal!, connection, column: globOf(place) });
}

/** The column and, where a name holds what a glob can't say, those that differ from it in that character alone. */
function globOf({ schema, table, column }: ColumnPlace): string {
  const names = [schema, table, column].map((name) => name.replace(/[\p{C}\p{Z}\s.*?]/gu, blank));
  return names.join('.');
}

/** A glob's `?` is one UTF-16 unit. */
const blank = (found: string): string => '?'.repeat(found.length);

function ruleText({ connection, column, class: name, transform }: MaskingRule): string {
  const where = `connection: ${JSON.stringify(connection)}, column: ${JSON.stringify(column)}`;
  return `{ ${where}, class: ${word(name)}, transform: ${word(transform)} }`;
}

function patternText({ class: name, regex }: MaskingRules['patterns'][number]): string {
  return `  - { class: ${word(name)}, regex: ${JSON.stringify(regex)} }`;
}

function inboundText(inbound: MaskingRules['inbound']): string {
  const pairs = Object.entries(inbound).map(([name, what]) => `${word(name)}: ${what}`);
  return `inbound: { ${pairs.join(', ')} }`;
}

/** YAML reads these words as something else than text. */
function word(text: string): string {
  return /^(null|true|false)$/.test(text) ? `'${text}'` : text;
}

/** A name in a comment: what could end the line, or a terminal would act on, is left out. */
function plain(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, '?');
}
