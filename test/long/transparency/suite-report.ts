import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/house.js';
import type { ByDesign } from './by-design.js';

export type SuiteName = 'regression' | 'node-postgres';

const page = join(root, 'docs/postgres.md');

/** What stands between a suite's markers in docs/postgres.md. */
export function shown(suite: SuiteName): string {
  const text = readFileSync(page, 'utf8');
  const [begin, end] = markers(suite);
  return text.slice(text.indexOf(begin) + begin.length, text.indexOf(end)).trim();
}

export function write(suite: SuiteName, content: string): void {
  const text = readFileSync(page, 'utf8');
  const [begin, end] = markers(suite);
  const [head, rest] = [text.slice(0, text.indexOf(begin) + begin.length), text.slice(text.indexOf(end))];
  writeFileSync(page, `${head}\n${content}\n${rest}`);
}

export function table(differences: readonly ByDesign[]): string {
  const rows = differences.map(
    ({ tests, what }) => `| ${tests.map((t) => `\`${t}\``).join(', ')} | ${what} |`,
  );
  return ['| tests | what the client meets, and why |', '| --- | --- |', ...rows].join('\n');
}

/** What the list does not explain, and what it explains though nothing differs. */
export function unexplained(
  found: ReadonlyMap<string, string>,
  differences: readonly ByDesign[],
): { readonly differing: string[]; readonly stale: string[] } {
  const explained = (test: string, difference: string) =>
    differences.some(({ tests, evidence }) => tests.includes(test) && evidence.test(difference));
  return {
    differing: [...found]
      .filter(([test, how]) => !explained(test, how))
      .map(([test, how]) => `${test}:\n${how}`),
    stale: differences.flatMap(({ tests }) => tests).filter((test) => !found.has(test)),
  };
}

/** The lines that stand only on one side, in the order of each: enough to see what differs. */
export function difference(direct: string, through: string): string {
  const only = (lines: readonly string[], others: readonly string[]) => {
    const known = new Map<string, number>();
    for (const line of others) known.set(line, (known.get(line) ?? 0) + 1);
    return lines.filter((line) => {
      const left = known.get(line) ?? 0;
      known.set(line, left - 1);
      return left <= 0;
    });
  };
  const [a, b] = [direct.split('\n'), through.split('\n')];
  const lines = [...only(a, b).map((l) => `direct:  ${l}`), ...only(b, a).map((l) => `through: ${l}`)];
  return lines.length > 0 ? lines.join('\n') : 'the same lines in another order';
}

function markers(suite: SuiteName): [string, string] {
  return [`<!-- ${suite}: begin -->`, `<!-- ${suite}: end -->`];
}
