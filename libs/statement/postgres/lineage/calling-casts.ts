import type { CallingCast, CatalogRelation, TypeReach } from '../../lineage.js';
import { fieldsOf, isFields, names } from '../tree.js';

/** The types that a statement names, and the relations that it reads or writes. */
export class TypesSeen {
  /** By a cast of a value that has a type of its own, or as a parameter's, a column's. */
  private readonly cast = new Set<string>();
  /** By a cast of a constant: its text is read by the type itself, no cast is. */
  private readonly words = new Set<string>();
  private readonly relations = new Set<number>();
  /** A name that may stand for several relations. */
  private unclear = false;

  named(typeName: unknown): void {
    add(this.cast, typeName);
  }

  ofWord(typeName: unknown): void {
    add(this.words, typeName);
  }

  relation(found: CatalogRelation | 'unknown' | 'unclear'): void {
    if (found === 'unclear') this.unclear = true;
    else if (found !== 'unknown') this.relations.add(found.oid);
  }

  /** Where `words` count as casts: a domain's CHECK is run on constants too. */
  casts({ names: reached }: TypeReach, words: boolean): boolean {
    return any(this.cast, reached) || (words && any(this.words, reached));
  }

  /** May it have a value of this type? */
  touches(reach: TypeReach): boolean {
    if (reach.anywhere || this.unclear) return true;
    return this.casts(reach, true) || any(this.relations, reach.relations);
  }
}

/** What it may call by a cast; undefined: nothing. */
export function callingCast(seen: TypesSeen, casts: readonly CallingCast[]): string | undefined {
  const found = casts.find((cast) => calls(seen, cast));
  return found && (found.how === 'check' ? `domain ${found.said}` : `the cast from ${found.said}`);
}

function calls(seen: TypesSeen, { source, target, how }: CallingCast): boolean {
  if (!seen.touches(source)) return false;
  if (how === 'implicit') return seen.touches(target);
  return seen.casts(target, how === 'check');
}

/** A constant as text, or NULL: of no type before the cast. */
export function isWord(value: unknown): boolean {
  const constant = fieldsOf(value, 'A_Const');
  return constant !== undefined && (isFields(constant['sval']) || constant['isnull'] === true);
}

function add(to: Set<string>, typeName: unknown): void {
  const last = isFields(typeName) ? names(typeName['names']).at(-1) : undefined;
  if (last !== undefined) to.add(last);
}

function any<T>(some: ReadonlySet<T>, others: ReadonlySet<T>): boolean {
  for (const each of some) if (others.has(each)) return true;
  return false;
}
