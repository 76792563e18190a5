import type { PolicyJson } from './cedar.js';
import { problemAt, type Problem } from './policy.problem.js';
import type { PolicySource } from './policy.source.js';

/** What a policy demands when it determines an answer. Absent: it demands nothing of that kind. */
export interface Demands {
  readonly maxRows?: number;
  readonly maxBytes?: number;
  readonly approvers?: readonly string[];
  readonly quorum?: number;
  readonly mode?: 'wait' | 'retry';
  readonly waitMs?: number;
  readonly waitInTransaction?: boolean;
}

export type PolicyKind = 'permit' | 'forbid' | 'approve';

export interface Annotated {
  readonly kind: PolicyKind;
  readonly id?: string;
  readonly reason?: string;
  readonly demands: Demands;
}

type Fields = Omit<Annotated, 'kind' | 'demands'> & Demands;

interface Rule {
  readonly on: readonly PolicyKind[];
  /** What a value looks like, for the person who wrote another one. */
  readonly shape: string;
  /** Undefined: not of that shape. */
  read(value: string): Fields | undefined;
}

const anyKind: readonly PolicyKind[] = ['permit', 'forbid', 'approve'];
const approve: readonly PolicyKind[] = ['approve'];
const bounds: readonly PolicyKind[] = ['permit', 'approve'];

const rules: Readonly<Record<string, Rule>> = {
  id: {
    on: anyKind,
    shape: '@id("team.purpose"): letters, digits, and . _ : / - after the first, at most 100',
    read: (value) => (/^[A-Za-z0-9][\w.:/-]{0,99}$/.test(value) ? { id: value } : undefined),
  },
  effect: {
    on: anyKind,
    shape: '@effect("approve"), the only one; permit and forbid stand in the policy itself',
    read: (value) => (value === 'approve' ? {} : undefined),
  },
  reason: {
    on: anyKind,
    shape: '@reason("one sentence for the client, at most 300 characters")',
    read: (value) => (/^[^\p{Cc}]{1,300}$/u.test(value) && value.trim() ? { reason: value } : undefined),
  },
  max_rows: { on: bounds, shape: '@max_rows("10000"), a whole number from 1', read: number('maxRows') },
  max_bytes: { on: bounds, shape: '@max_bytes("1048576"), a whole number from 1', read: number('maxBytes') },
  approvers: { on: approve, shape: '@approvers("dba, payments"), names of groups', read: approvers },
  quorum: { on: approve, shape: '@quorum("2"), a whole number from 1 to 10', read: number('quorum', 10) },
  mode: {
    on: approve,
    shape: '@mode("wait") or @mode("retry")',
    read: (value) => (value === 'wait' || value === 'retry' ? { mode: value } : undefined),
  },
  wait: {
    on: approve,
    shape: '@wait("30"), whole seconds from 1 to 60',
    read: (value) => {
      const seconds = wholeNumber(value, 60);
      return seconds === undefined ? undefined : { waitMs: seconds * 1000 };
    },
  },
  in_transaction: {
    on: approve,
    shape: '@in_transaction("wait")',
    read: (value) => (value === 'wait' ? { waitInTransaction: true } : undefined),
  },
};

// They will mean something one day; until then whoever writes one must not believe that it does.
const planned = new Set(['notify', 'on_excess']);

/** Reads the annotations that are ours; others (`@owner`, `@ticket`) are the author's own, unless they look like ours. */
export function readAnnotations(source: PolicySource, json: PolicyJson, problems: Problem[]): Annotated {
  const values = new Map(Object.entries(json.annotations ?? {}));
  const kind = values.has('effect') ? 'approve' : json.effect;
  const complain = (offset: number, what: string, fix: string): void =>
    void problems.push(problemAt(source.file, offset, what, fix));

  if (kind === 'approve' && json.effect === 'forbid') {
    complain(
      source.start,
      '@effect("approve") on a forbid',
      'write permit: it says what a person may approve',
    );
  }
  if (values.get('effect') === 'approve' && !values.has('approvers')) {
    complain(source.start, 'an approve policy without approvers', 'add @approvers("group")');
  }
  let fields: Fields = {};
  for (const { name, offset } of source.annotations) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) {
      if (planned.has(name)) complain(offset, `@${name} is not supported yet`, 'remove it');
      const meant = looksLike(name);
      if (meant) complain(offset, `unknown annotation @${name}`, `write @${meant}, or choose another name`);
    } else if (!rule.on.includes(kind)) {
      complain(offset, `@${name} on a ${kind} policy has no effect`, fixForKind(rule));
    } else {
      const read = rule.read(values.get(name) ?? '');
      if (!read) complain(offset, `@${name} has a value that it cannot have`, `write ${rule.shape}`);
      fields = { ...fields, ...read };
    }
  }
  const { id, reason, ...demands } = fields;
  return { kind, ...(id !== undefined && { id }), ...(reason !== undefined && { reason }), demands };
}

function fixForKind({ on }: Rule): string {
  return on.length === 1
    ? 'add @effect("approve"), or remove it'
    : `remove it: it belongs on ${on.join(' and ')}`;
}

function wholeNumber(value: string, most: number): number | undefined {
  if (!/^[1-9]\d{0,15}$/.test(value)) return undefined;
  const read = Number(value);
  return read <= most ? read : undefined;
}

function number(field: 'maxRows' | 'maxBytes' | 'quorum', most: number = Number.MAX_SAFE_INTEGER) {
  return (value: string): Fields | undefined => {
    const read = wholeNumber(value, most);
    return read === undefined ? undefined : { [field]: read };
  };
}

function approvers(value: string): Fields | undefined {
  const groups = value.split(',').map((group) => group.trim());
  return groups.every((group) => /^[^\p{Cc}]+$/u.test(group))
    ? { approvers: [...new Set(groups)] }
    : undefined;
}

/** The annotation of ours that a name was probably meant to be. */
function looksLike(name: string): string | undefined {
  const plain = plainName(name);
  return Object.keys(rules).find((ours) => {
    const target = plainName(ours);
    if (plain === target) return true;
    if (target.length >= 5 && plain.startsWith(target.slice(0, 5))) return true;
    return target.length >= 4 && distance(plain, target) <= (target.length > 5 ? 2 : 1);
  });
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}

/** Levenshtein's distance, row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
