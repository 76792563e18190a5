import type { TypeAndId } from './cedar.js';
import type { PolicyKind } from './policy.annotations.js';
import type { Mentions } from './policy.mentions.js';
import { problemAt, type Problem } from './policy.problem.js';
import type { PolicySource } from './policy.source.js';

/** How ids are written; Cedar's schema cannot say it, and an id that is written otherwise matches nothing, ever. */
const idShapes: Readonly<Record<string, { pattern: RegExp; example: string }>> = {
  User: { pattern: /^[^:]+:.+$/s, example: 'User::"issuer:subject"' },
  Agent: { pattern: /^[^:]+:.+$/s, example: 'Agent::"issuer:subject"' },
  Group: { pattern: /\S/, example: 'Group::"name"' },
  Connection: { pattern: path(1), example: 'Connection::"orders"' },
  Schema: { pattern: path(2), example: 'Schema::"orders/public"' },
  Table: { pattern: path(3), example: 'Table::"orders/public/customers"' },
  Column: { pattern: path(4), example: 'Column::"orders/public/customers/email"' },
};

function path(steps: number): RegExp {
  return new RegExp(`^${Array(steps).fill('(?:[^/%]|%2F|%25)+').join('/')}$`, 's');
}

/** Closed sets of values in the context. A comparison with anything else is a policy that never holds. */
const closedValues: Readonly<Record<string, readonly string[]>> = {
  risk: ['none', 'watch', 'high'],
  where: ['none', 'constant', 'present'],
};

const ranges: Readonly<Record<string, readonly [number, number]>> = { hour: [0, 23], weekday: [1, 7] };

/** What is valid Cedar and still cannot mean what its author wanted. */
export function lint(source: PolicySource, kind: PolicyKind, mentions: Mentions): Problem[] {
  return [
    ...misspeltIds(source, mentions),
    ...impossibleValues(source, mentions),
    ...columnPermits(source, kind, mentions),
    ...testedNames(source, mentions),
    ...actionsBeyondPolicy(source, kind, mentions),
  ];
}

function misspeltIds(source: PolicySource, { entities }: Mentions): Problem[] {
  return entities.flatMap((entity) => {
    const shape = Object.hasOwn(idShapes, entity.type) ? idShapes[entity.type] : undefined;
    if (!shape || shape.pattern.test(entity.id)) return [];
    const what = `${entity.type}::"${entity.id}" can be no ${entity.type.toLowerCase()}'s id`;
    return [problemAt(source.file, placeOf(source, entity), what, `write it like ${shape.example}`)];
  });
}

function impossibleValues(source: PolicySource, { compared }: Mentions): Problem[] {
  return compared.flatMap(({ attribute, value }) => {
    const fix = fixForValue(attribute, value);
    if (!fix) return [];
    const offset = placeOfText(source, JSON.stringify(value));
    return [problemAt(source.file, offset, `context.${attribute} is never ${JSON.stringify(value)}`, fix)];
  });
}

function fixForValue(attribute: string, value: unknown): string | undefined {
  const closed = Object.hasOwn(closedValues, attribute) ? closedValues[attribute] : undefined;
  if (closed && typeof value === 'string' && !closed.includes(value)) {
    return `write one of ${closed.map((known) => `"${known}"`).join(', ')}`;
  }
  const range = Object.hasOwn(ranges, attribute) ? ranges[attribute] : undefined;
  if (range && typeof value === 'number' && (value < range[0] || value > range[1])) {
    return `write a number from ${range[0]} to ${range[1]}`;
  }
  return undefined;
}

// A column is reached through its table: a permit for the column alone would permit nothing.
function columnPermits(source: PolicySource, kind: PolicyKind, mentions: Mentions): Problem[] {
  if (kind !== 'permit' || !mentionsColumns(mentions)) return [];
  const fix = 'permit the table, and forbid or hold the columns that must not be read';
  return [problemAt(source.file, source.start, 'a permit decides over tables, not over columns', fix)];
}

// The columns of a `select *` have no names here, and a policy that asks for one must fail rather than not match.
function testedNames(source: PolicySource, mentions: Mentions): Problem[] {
  if (!mentionsColumns(mentions) || !mentions.tested.has('name')) return [];
  const what = '`has name` on a column: it would pass over select *';
  return [problemAt(source.file, source.start, what, 'remove it: each resource has a name')];
}

function actionsBeyondPolicy(source: PolicySource, kind: PolicyKind, { entities }: Mentions): Problem[] {
  const named = (id: string): TypeAndId | undefined =>
    entities.find((e) => e.type === 'Action' && e.id === id);
  const unknown = named('sql:unknown');
  const reveal = named('reveal');
  if (unknown && kind !== 'forbid') {
    const what = 'no policy can permit what could not be understood';
    return [problemAt(source.file, placeOf(source, unknown), what, 'remove Action::"sql:unknown"')];
  }
  if (reveal && kind === 'approve') {
    const what = 'reading a class in the clear is permitted or not, it cannot be held';
    return [problemAt(source.file, placeOf(source, reveal), what, 'remove @effect("approve") or the action')];
  }
  return [];
}

export function mentionsColumns({ entities, types }: Mentions): boolean {
  return types.has('Column') || entities.some(({ type }) => type === 'Column');
}

function placeOf(source: PolicySource, { type, id }: TypeAndId): number {
  return placeOfText(source, `${type}::${JSON.stringify(id)}`);
}

/** Where a text first stands in a policy; a text that Cedar prints otherwise: where the policy starts. */
function placeOfText(source: PolicySource, text: string): number {
  const at = source.text.indexOf(text);
  return source.start + Math.max(0, at);
}
