import {
  countPolicies,
  parseErrors,
  toJson,
  validate,
  type DetailedError,
  type Finding,
  type PolicyJson,
} from './cedar.js';
import { readAnnotations, type Annotated } from './policy.annotations.js';
import { lint } from './policy.lint.js';
import { findMentions, type Mentions } from './policy.mentions.js';
import { format, policyInvalid, problemAt, type Located, type Problem } from './policy.problem.js';
import { splitPolicies, type PolicySource } from './policy.source.js';
import type { PolicyFile } from './verdict.js';

export interface Policy extends Annotated {
  readonly id: string;
  readonly source: PolicySource;
  readonly mentions: Mentions;
}

export interface Parsed {
  readonly policies: readonly Policy[];
  readonly warnings: readonly string[];
}

const largestSet = 1024 * 1024;
/**
 * Deeper input overruns the stack of Cedar's WebAssembly instance, and that leaves it unusable for the rest of
 * the process: every later decision would fail. Measured with 4.13: 115 nested records, 258 `&&`, 361 dots or
 * additions. Held together, these limits stay below.
 */
const most = { depth: 20, logic: 80, other: 160 };

/** Parses and checks all files before it answers. Throws POLICY_INVALID with every problem found. */
export function parsePolicies(files: readonly PolicyFile[]): Parsed {
  const located = files.map(({ name, text }) => ({ name, text: text.replace(/^\uFEFF/, '') }));
  const problems = duplicateFiles(located);
  if (located.reduce((sum, { text }) => sum + text.length, 0) > largestSet) {
    throw policyInvalid([{ ...nowhere(located), what: 'the policies exceed 1 MiB', fix: 'publish less' }]);
  }
  const sources = located.flatMap((file) => splitFile(file, problems));
  const policies = sources.flatMap((source) => readPolicy(source, problems));
  problems.push(...duplicateIds(policies));
  const warnings = validatePolicies(policies, problems);
  if (problems.length > 0) throw policyInvalid(inOrder(problems, located));
  return { policies, warnings: warnings.map(format) };
}

function splitFile(file: Located, problems: Problem[]): PolicySource[] {
  const sources = splitPolicies(file);
  const heavy = sources.filter(isTooHeavy);
  if (heavy.length > 0) {
    const what = 'the policy is nested too deeply, or has too many conditions';
    const fix = 'split it, or use a list: resource in [ … ]';
    problems.push(...heavy.map((source) => problemAt(file, source.start, what, fix)));
    return [];
  }
  const errors = parseErrors(file.text);
  if (errors && !(errors.length === 1 && countPolicies(file.text).templates > 0)) {
    problems.push(...errors.flatMap((error) => parseProblems(file, error)));
    return [];
  }
  const { policies, templates } = countPolicies(file.text);
  if (policies + templates === sources.length) return sources;
  problems.push(problemAt(file, 0, 'the policies cannot be told apart', 'end each policy with a semicolon'));
  return [];
}

function isTooHeavy({ weight }: PolicySource): boolean {
  return weight.depth > most.depth || weight.logic > most.logic || weight.other > most.other;
}

function readPolicy(source: PolicySource, problems: Problem[]): Policy[] {
  const json: PolicyJson | undefined = toJson(source.text);
  if (!json) {
    const fix = 'write the names in place of ?principal and ?resource';
    problems.push(problemAt(source.file, source.start, 'a template decides nothing', fix));
    return [];
  }
  const annotated = readAnnotations(source, json, problems);
  const mentions = findMentions(json);
  problems.push(...lint(source, annotated.kind, mentions));
  return [{ ...annotated, id: annotated.id ?? `${source.file.name}#${source.number}`, source, mentions }];
}

function duplicateFiles(files: readonly Located[]): Problem[] {
  return files
    .filter(({ name }, i) => files.findIndex((other) => other.name === name) < i)
    .map((file) => problemAt(file, 0, 'a second file of this name', 'give each file its own name'));
}

function duplicateIds(policies: readonly Policy[]): Problem[] {
  const first = new Map<string, Policy>();
  const problems: Problem[] = [];
  for (const policy of policies) {
    const { id, source } = policy;
    const earlier = first.get(id)?.source;
    first.set(id, first.get(id) ?? policy);
    if (earlier) {
      const { file, line } = problemAt(earlier.file, earlier.start, '', '');
      const what = `@id("${id}") is also the id of the policy at ${file}:${line}`;
      problems.push(problemAt(source.file, source.start, what, 'give each policy its own id'));
    }
  }
  return problems;
}

/** Adds to the problems what Cedar's strict validation finds; returns what it only warns of. */
function validatePolicies(policies: readonly Policy[], problems: Problem[]): Problem[] {
  const byId = new Map(policies.map((policy) => [policy.id, policy]));
  const found = validate(new Map(policies.map(({ id, source }) => [id, source.text])));
  const broken = new Set(
    found.filter(({ severity }) => severity === 'error').map(({ policyId }) => policyId),
  );
  const warnings: Problem[] = [];
  const reported = new Set<string>();
  for (const finding of [...found].sort(byCertainty)) {
    const policy = byId.get(finding.policyId);
    if (!policy) throw new Error(`Cedar's validator failed: ${finding.error.message}`);
    const place = byteOffset(policy.source, finding.error);
    // One finding a place: Cedar repeats it for every action and type that the policy applies to.
    const key = `${policy.id}\0${place}`;
    if (reported.has(key) || (finding.severity === 'warning' && broken.has(policy.id))) continue;
    reported.add(key);
    const problem = validationProblem(policy, place, finding);
    (isTolerable(finding) ? warnings : problems).push(problem);
  }
  return warnings;
}

/** Names of two scripts may be meant (`Table::"shop/public/顧客"`); what never applies or is invisible is not. */
function isTolerable({ severity, error }: Finding): boolean {
  return severity === 'warning' && /mixed scripts/.test(error.message);
}

// A finding about `reveal` last: where another action has the same trouble, that one explains it better.
function byCertainty(a: Finding, b: Finding): number {
  return Number(aboutReveal(a.error)) - Number(aboutReveal(b.error));
}

function aboutReveal({ message }: DetailedError): boolean {
  return message.includes('Action::"reveal"');
}

function validationProblem({ source }: Policy, place: number, { error }: Finding): Problem {
  const what = error.message.replace(/^for policy `[^`]*`, /, '');
  return problemAt(source.file, source.start + place, what, fixFor(error));
}

function fixFor(error: DetailedError): string {
  if (aboutReveal(error)) {
    return 'reveal has no statement: write action in Action::"sql:any" for what concerns statements';
  }
  if (error.help) return error.help;
  if (/impossible|applicable action/.test(error.message)) return 'correct it, or delete it';
  return 'see policies/weir.cedarschema for what may be named';
}

function parseProblems(file: Located, error: DetailedError): Problem[] {
  const [place] = error.sourceLocations ?? [];
  const what = error.message.replace(/^failed to parse .* from string: /, '');
  const expected = place && 'label' in place && place.label ? String(place.label) : undefined;
  const fix = error.help ?? expected ?? 'correct the policy';
  const offset = place ? utf16Offset(file.text, place.start) : 0;
  return [
    problemAt(file, offset, what, fix),
    ...(error.related ?? []).flatMap((related) => parseProblems(file, related)),
  ];
}

/** The finding's place within its policy; without one, the policy's start. */
function byteOffset(source: PolicySource, { sourceLocations }: DetailedError): number {
  const [place] = sourceLocations ?? [];
  return place ? utf16Offset(source.text, place.start) : 0;
}

/** Cedar counts UTF-8 bytes. */
function utf16Offset(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, bytes).toString().length;
}

function nowhere(files: readonly Located[]): { file: string; line: number; column: number } {
  return { file: files[0]?.name ?? 'policies', line: 1, column: 1 };
}

function inOrder(problems: readonly Problem[], files: readonly Located[]): Problem[] {
  const position = new Map(files.map(({ name }, i) => [name, i]));
  return [...problems].sort(
    (a, b) =>
      (position.get(a.file) ?? 0) - (position.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
}
