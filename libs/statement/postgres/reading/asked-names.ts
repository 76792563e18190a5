import type { RelationName } from '../../facts.js';
import type { CatalogColumn, CatalogRelation, Names } from '../../lineage.js';

/** What the reading thread asks of names that stay in the other one. */
export type Question =
  | { readonly ask: 'relation'; readonly name: RelationName }
  | { readonly ask: 'function' | 'operator'; readonly name: string }
  | { readonly ask: 'composite'; readonly typeOid: number };

export type Answer =
  /** `same`: two names of one relation answer with one number. */
  | { readonly relation: CatalogRelation; readonly same: number }
  | { readonly value: 'unknown' | 'unclear' | boolean | readonly CatalogColumn[] | undefined };

/** Names of another thread, each asked for once; `put` waits for the answer. */
export class AskedNames implements Names {
  private readonly known = new Map<string, unknown>();
  private readonly relations = new Map<number, CatalogRelation>();

  constructor(
    readonly anySensitive: boolean,
    private readonly put: (question: Question) => Answer,
  ) {}

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
  return { name, attnum, typeOid, sensitive: { class: sensitive.class, lookup: sensitive.lookup } };
}
