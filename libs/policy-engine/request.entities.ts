import type { Principal } from '#kernel';
import { actions } from './actions.js';
import type { CedarValueJson, EntityJson, Question, TypeAndId } from './cedar.js';
import type { ConnectionRef, DecisionContext, ResolvedAccess } from './verdict.js';

/** What the snapshot's policies read. The rest is left out of a call: each attribute and entity costs microseconds. */
export interface Reads {
  readonly context: ReadonlySet<keyof DecisionContext>;
  readonly attributes: ReadonlySet<string>;
}

type Attributes = Record<string, CedarValueJson>;
type Entity = EntityJson & { readonly uid: TypeAndId };

/**
 * A call's question about one access, or about one of its columns. Groups and schemas stand in it as parents
 * only, and the action brings its groups itself: four entities, five for a column.
 */
export class QuestionBuilder {
  readonly #principal: Entity;
  readonly #connection: Entity;
  readonly #context: Attributes;

  constructor(
    principal: Principal,
    connection: ConnectionRef,
    context: DecisionContext | undefined,
    private readonly reads: Reads,
  ) {
    this.#principal = this.#describePrincipal(principal);
    this.#connection = this.#describeConnection(connection);
    this.#context = context ? pick(context, reads.context) : {};
  }

  access({ action, relation, where }: ResolvedAccess, column?: string): Question {
    const context: Attributes =
      action === 'sql:update' || action === 'sql:delete'
        ? { ...this.#context, where: where ?? 'none' }
        : this.#context;
    const act = entity(
      'Action',
      action,
      actions[action].groups.map((group) => uid('Action', group)),
    );
    if (!relation) return this.#question(act, this.#connection, context, []);
    const table = this.#describeTable(relation);
    if (column === undefined) return this.#question(act, table, context, [this.#connection]);
    return this.#question(act, this.#describeColumn(table, relation, column), context, [
      table,
      this.#connection,
    ]);
  }

  reveal(dataClass: string): Question {
    const resource = entity('DataClass', dataClass, [this.#connection.uid], this.#only({ name: dataClass }));
    return this.#question(entity('Action', 'reveal', []), resource, {}, [this.#connection]);
  }

  #question(action: Entity, resource: Entity, context: Attributes, more: readonly Entity[]): Question {
    return {
      principal: this.#principal.uid,
      action: action.uid,
      resource: resource.uid,
      context,
      entities: [this.#principal, action, resource, ...more],
    };
  }

  #describePrincipal({ id, kind, groups, issuer, subject, onBehalfOf }: Principal): Entity {
    const attributes: Attributes = { issuer, subject, ...(onBehalfOf !== undefined && { onBehalfOf }) };
    const parents = groups.map((group) => uid('Group', group));
    return entity(kind === 'agent' ? 'Agent' : 'User', id, parents, pick(attributes, this.reads.attributes));
  }

  #describeConnection({ name, owner, protocol }: ConnectionRef): Entity {
    const self = uid('Connection', step(name));
    const attributes = { name, owner, protocol, connection: { __entity: self } };
    return entity('Connection', self.id, [], pick(attributes, this.reads.attributes));
  }

  #describeTable({ schema, name }: { readonly schema: string; readonly name: string }): Entity {
    const parent = uid('Schema', `${this.#connection.uid.id}/${step(schema)}`);
    const parents = [parent, this.#connection.uid];
    return entity('Table', `${parent.id}/${step(name)}`, parents, this.#only({ schema, name }));
  }

  #describeColumn(
    table: Entity,
    relation: { readonly schema: string; readonly name: string },
    column: string,
  ): Entity {
    const id = `${table.uid.id}/${step(column)}`;
    // `*` has no name: a policy that asks for one fails, and a failure is a denial.
    const name = column === '*' ? {} : { name: column };
    const attributes = { schema: relation.schema, table: relation.name, ...name };
    return entity('Column', id, [table.uid], this.#only(attributes));
  }

  #only(attributes: Attributes): Attributes {
    const connection = { __entity: this.#connection.uid };
    return pick({ ...attributes, connection }, this.reads.attributes);
  }
}

/** The id of a table, as policies write it. */
export function tableId(
  connection: string,
  relation: { readonly schema: string; readonly name: string },
): string {
  return [connection, relation.schema, relation.name].map(step).join('/');
}

/** A name as one step of an id: without this, schema `a/b` with table `c` would be schema `a` with table `b/c`. */
export function step(name: string): string {
  return /[/%]/.test(name) ? name.replaceAll('%', '%25').replaceAll('/', '%2F') : name;
}

function uid(type: string, id: string): TypeAndId {
  return { type, id };
}

function entity(type: string, id: string, parents: TypeAndId[], attrs: Attributes = {}): Entity {
  return { uid: { type, id }, attrs, parents };
}

function pick(values: object, wanted: ReadonlySet<string>): Attributes {
  const picked: Attributes = {};
  for (const [name, value] of Object.entries(values)) if (wanted.has(name)) picked[name] = value;
  return picked;
}
