import { AppError } from '#kernel';
import type { RelationName } from '../facts.js';

/** One item of a FROM list as names see it. No relation: a subquery, CTE or function, read where it stands. */
export interface Source {
  /** The alias, else the relation's own name. */
  readonly name: string | undefined;
  readonly relation: RelationName | undefined;
}

/** What names in an expression can mean, from the inside out. */
export interface Scope {
  readonly sources: Source[];
  /** The with-queries visible here: an unqualified name among them is no relation. */
  readonly ctes: ReadonlySet<string>;
  readonly outer: Scope | undefined;
}

export const emptyScope: Scope = { sources: [], ctes: new Set(), outer: undefined };

export function within(outer: Scope, ctes: ReadonlySet<string> = outer.ctes): Scope {
  return { sources: [], ctes, outer };
}

/** Where a column is read: for each relation that the reference may mean, the column or `*`. */
export interface ColumnUse {
  readonly relation: RelationName;
  readonly column: string;
}

/**
 * A name that could belong to several relations, here or outside, is listed under each of them: the text alone does
 * not tell which one has it.
 */
export function columnUses(scope: Scope, path: readonly string[], star: boolean): ColumnUse[] {
  const uses = possibleUses(scope, path, star);
  if (!affordable(uses.length + 1))
    throw new AppError('STATEMENT_DENIED', 'the statement names too many columns over too many relations');
  return uses;
}

/** The names that a with-query sees, as they are before the next one is added. */
export function seenSoFar(ctes: ReadonlySet<string>): ReadonlySet<string> {
  if (!affordable(ctes.size))
    throw new AppError('STATEMENT_DENIED', 'the statement has too many WITH queries');
  return new Set(ctes);
}

/** Called where all sources of a scope are gone through for one name. */
export function searched({ sources }: Scope): void {
  if (!affordable(sources.length >> 3))
    throw new AppError('STATEMENT_DENIED', 'the statement names too many relations');
}

function affordable(cost: number): boolean {
  spent += cost;
  return spent <= mostUses;
}

/** Names times relations in one text: what listing them may cost (a tenth of a second or so). */
const mostUses = 200_000;
let spent = 0;

/** Called before each text. */
export function beginUses(): void {
  spent = 0;
}

function possibleUses(scope: Scope, path: readonly string[], star: boolean): ColumnUse[] {
  if (path.length === 0) return scope.sources.flatMap((each) => use(each, '*'));
  if (star) return bySource(scope, path).flatMap((each) => use(each, '*'));
  const column = path.at(-1) ?? '';
  if (path.length > 1) return bySource(scope, path.slice(0, -1)).flatMap((each) => use(each, column));
  return chain(scope).flatMap((each) => use(each, each.name === column ? '*' : column));
}

function use({ relation }: Source, column: string): ColumnUse[] {
  return relation ? [{ relation, column }] : [];
}

function chain(scope: Scope): Source[] {
  const all: Source[] = [];
  for (let at: Scope | undefined = scope; at; at = at.outer) all.push(...at.sources);
  return all;
}

// The innermost scope that has the name; a schema in front must be the relation's own where that has one.
function bySource(scope: Scope, path: readonly string[]): Source[] {
  const name = path.at(-1);
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    searched(at);
    const found = at.sources.filter((each) => each.name === name || each.relation?.name === name);
    if (found.length > 0) return found;
  }
  return [];
}
