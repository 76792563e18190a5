import type { PolicyJson } from './cedar.js';
import { byteSize, wholeNumber, windows, type BudgetWindow } from './policy.amounts.js';
import { problemAt, type Problem } from './policy.problem.js';
import type { PolicySource } from './policy.source.js';

/** What a policy demands when it determines an answer. Absent: it demands nothing of that kind. */
export interface Demands {
  readonly maxRows?: number;
  readonly maxBytes?: number;
  readonly maxRowsPer?: readonly BudgetWindow[];
  readonly maxBytesPer?: readonly BudgetWindow[];
  readonly maxLookupsPer?: readonly BudgetWindow[];
  readonly lookupApprovers?: readonly string[];
  /** The rest of a result that a bound stopped is asked for, of `approvers`. */
  readonly onExcess?: 'approve';
  readonly notify?: readonly string[];
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
/** Their hashes are kept in memory. */
const mostLookups = 10_000;
/** What `@on_excess("approve")` needs beside it, though it stands on a permit. */
const ofExcess = new Set(['approvers', 'quorum']);
const bounding = ['max_rows', 'max_bytes', 'max_rows_per', 'max_bytes_per'];

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
  max_bytes: {
    on: bounds,
    shape: '@max_bytes("16MiB"), a whole number from 1, with KiB, MiB or GiB behind it or nothing',
    read: (value) => field('maxBytes', byteSize(value)),
  },
  max_rows_per: {
    on: bounds,
    shape: '@max_rows_per("100000/1h"), rows in any stretch of whole s, m, h or d, at most 31d',
    read: (value) => field('maxRowsPer', windows(value, wholeNumber)),
  },
  max_bytes_per: {
    on: bounds,
    shape: '@max_bytes_per("64MiB/1h"), bytes in any stretch of whole s, m, h or d, at most 31d',
    read: (value) => field('maxBytesPer', windows(value, byteSize)),
  },
  max_lookups_per: {
    on: bounds,
    shape: `@max_lookups_per("200/1h"), distinct values from 1 to ${mostLookups} in whole s, m, h or d, at most 31d`,
    read: (value) =>
      field(
        'maxLookupsPer',
        windows(value, (text) => wholeNumber(text, mostLookups)),
      ),
  },
  lookup_approvers: {
    on: bounds,
    shape: '@lookup_approvers("dba, payments"), names of groups',
    read: (value) => field('lookupApprovers', groups(value)),
  },
  on_excess: {
    on: ['permit'],
    shape: '@on_excess("approve"), the only one; without it a result just stops',
    read: (value) => (value === 'approve' ? { onExcess: value } : undefined),
  },
  notify: {
    on: anyKind,
    shape: '@notify("security, payments"), names of groups',
    read: (value) => field('notify', groups(value)),
  },
  approvers: {
    on: approve,
    shape: '@approvers("dba, payments"), names of groups',
    read: (value) => field('approvers', groups(value)),
  },
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
  if (values.has('on_excess') && kind === 'permit') completeExcess(source, values, complain);
  let fields: Fields = {};
  for (const { name, offset } of source.annotations) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) {
      const meant = looksLike(name);
      if (meant) complain(offset, `unknown annotation @${name}`, `write @${meant}, or choose another name`);
    } else if (!rule.on.includes(kind) && !(values.has('on_excess') && ofExcess.has(name))) {
      complain(
        offset,
        `@${name} on ${kind === 'approve' ? 'an' : 'a'} ${kind} policy has no effect`,
        fixForKind(rule),
      );
    } else {
      const read = rule.read(values.get(name) ?? '');
      if (!read) complain(offset, `@${name} has a value that it cannot have`, `write ${rule.shape}`);
      fields = { ...fields, ...read };
    }
  }
  const { id, reason, ...demands } = fields;
  return { kind, ...(id !== undefined && { id }), ...(reason !== undefined && { reason }), demands };
}

function completeExcess(
  source: PolicySource,
  values: ReadonlyMap<string, unknown>,
  complain: (offset: number, what: string, fix: string) => void,
): void {
  if (!values.has('approvers'))
    complain(source.start, '@on_excess("approve") without approvers', 'add @approvers("group")');
  if (!bounding.some((name) => values.has(name)))
    complain(
      source.start,
      '@on_excess("approve") without a bound',
      'add @max_rows("10000") or another bound',
    );
}

function fixForKind({ on }: Rule): string {
  return on.length === 1
    ? 'add @effect("approve"), or remove it'
    : `remove it: it belongs on ${on.join(' and ')}`;
}

function number(name: 'maxRows' | 'quorum', most?: number) {
  return (value: string): Fields | undefined => field(name, wholeNumber(value, most));
}

function field<K extends keyof Demands>(name: K, value: Demands[K] | undefined): Fields | undefined {
  return value === undefined ? undefined : { [name]: value };
}

function groups(value: string): readonly string[] | undefined {
  const names = value.split(',').map((group) => group.trim());
  return names.every((group) => /^[^\p{Cc}]+$/u.test(group)) ? [...new Set(names)] : undefined;
}

/** The annotation of ours that a name was probably meant to be: of several the nearest. */
function looksLike(name: string): string | undefined {
  const plain = plainName(name);
  const near = Object.keys(rules).filter((ours) => {
    const target = plainName(ours);
    if (plain === target) return true;
    if (target.length >= 5 && plain.startsWith(target.slice(0, 5))) return true;
    return target.length >= 4 && distance(plain, target) <= (target.length > 5 ? 2 : 1);
  });
  const from = (ours: string): number => distance(plain, plainName(ours));
  return near.sort((a, b) => from(a) - from(b))[0];
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
