import type { RelationName } from '../../facts.js';
import type {
  CallingCast,
  CatalogColumn,
  CatalogRelation,
  NameEncoding,
  Names,
  Sensitive,
} from '../../lineage.js';

/** What the reading thread asks of names that stay in the other one. */
export type Question =
  | { readonly ask: 'relation'; readonly name: RelationName }
  | { readonly ask: 'function' | 'operator' | 'name'; readonly name: string }
  | { readonly ask: 'composite'; readonly typeOid: number };

export type Answer =
  /** `same`: two names of one relation answer with one number. */
  | { readonly relation: CatalogRelation; readonly same: number }
  | { readonly value: 'unknown' | 'unclear' | boolean | readonly CatalogColumn[] | undefined };

/** What of names is plain data, and goes along with the text. */
export interface PlainNames {
  readonly anySensitive: boolean;
  readonly casts: readonly CallingCast[] | undefined;
  readonly encoding: Omit<NameEncoding, 'isName'> | undefined;
}

export function plainNames({ anySensitive, casts, encoding }: Names): PlainNames {
  const plain = encoding && { width: encoding.width, folds: encoding.folds };
  return { anySensitive, casts, encoding: plain };
}

/**
 * Names of another thread, each asked for once; `put` waits for the answer. Required: what names tell and this does not
 * would be missing from long texts alone.
 */
export class AskedNames implements Required<Names> {
  readonly anySensitive: boolean;
  readonly casts: readonly CallingCast[] | undefined;
  readonly encoding: NameEncoding | undefined;
  private readonly known = new Map<string, unknown>();
  private readonly relations = new Map<number, CatalogRelation>();

  constructor(
    { anySensitive, casts, encoding }: PlainNames,
    private readonly put: (question: Question) => Answer,
  ) {
    this.anySensitive = anySensitive;
    this.casts = casts;
    this.encoding = encoding && {
      ...encoding,
      isName: (name) => this.ask({ ask: 'name', name }) === true,
    };
  }

  relation({ schema, name }: RelationName): CatalogRelation | 'unknown' | 'unclear' {
    const written = schema === undefined ? { name } : { schema, name };
    return this.ask({ ask: 'relation', name: written }) as CatalogRelation | 'unknown' | 'unclear';
  }

  isBuiltinFunction(name: string): boolean {
    return this.ask({ ask: 'function', name }) === true;
  }

  isBuiltinOperator(name: string): boolean {
    return this.ask({ ask: 'operator', name }) === true;
  }

  composite(typeOid: number): readonly CatalogColumn[] | undefined {
    return this.ask({ ask: 'composite', typeOid }) as readonly CatalogColumn[] | undefined;
  }

  private ask(question: Question): unknown {
    const key = JSON.stringify(question);
    if (!this.known.has(key)) this.known.set(key, this.taken(this.put(question)));
    return this.known.get(key);
  }

  /** One object a relation, whatever it was called: masked columns are compared by identity. */
  private taken(answer: Answer): unknown {
    if (!('relation' in answer)) return answer.value;
    const kept = this.relations.get(answer.same) ?? answer.relation;
    this.relations.set(answer.same, kept);
    return kept;
  }
}

/** Answers for the names of one text. */
export class NamesAnswers {
  private readonly numbers = new Map<CatalogRelation, number>();

  constructor(private readonly names: Names) {}

  answer(question: Question): Answer {
    switch (question.ask) {
      case 'relation':
        return this.relation(question.name);
      case 'function':
        return { value: this.names.isBuiltinFunction(question.name) };
      case 'operator':
        return { value: this.names.isBuiltinOperator(question.name) };
      case 'name':
        return { value: this.names.encoding?.isName(question.name) };
      case 'composite':
        return { value: this.names.composite(question.typeOid)?.map(plainColumn) };
    }
  }

  private relation(name: RelationName): Answer {
    const found = this.names.relation(name);
    if (typeof found === 'string') return { value: found };
    const same = this.numbers.get(found) ?? this.numbers.size;
    this.numbers.set(found, same);
    const { oid, schema, name: own, kind, columns } = found;
    return { same, relation: { oid, schema, name: own, kind, columns: columns.map(plainColumn) } };
  }
}

/** The catalog's own objects carry more than lineage may know. */
function plainColumn({ name, attnum, typeOid, sensitive }: CatalogColumn): CatalogColumn {
  if (!sensitive) return { name, attnum, typeOid };
  const { class: dataClass, lookup, countedAt } = sensitive;
  const plain: Required<Sensitive> = { class: dataClass, lookup, countedAt };
  return { name, attnum, typeOid, sensitive: plain };
}
