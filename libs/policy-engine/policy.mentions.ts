import type { PolicyJson, TypeAndId } from './cedar.js';

/** What a policy's conditions and scope name, found by walking its JSON form. */
export interface Mentions {
  /** `X::"y"` wherever it stands. */
  readonly entities: readonly TypeAndId[];
  /** Types of `is X`. */
  readonly types: ReadonlySet<string>;
  /** `context.x` and `context has x`; 'all' where the record itself is used. */
  readonly context: ReadonlySet<string> | 'all';
  /** Every attribute name after a dot or `has`, whatever it is of. */
  readonly attributes: ReadonlySet<string>;
  /** Attribute names after `has`, of anything but the context. */
  readonly tested: ReadonlySet<string>;
  /** Comparisons of `context.x` with literals, by attribute. */
  readonly compared: readonly { readonly attribute: string; readonly value: unknown }[];
}

type Node = Readonly<Record<string, unknown>>;

export function findMentions(json: PolicyJson): Mentions {
  const walk = new Walk();
  walk.visit({ ...json, annotations: {} });
  return walk;
}

class Walk implements Mentions {
  readonly entities: TypeAndId[] = [];
  readonly types = new Set<string>();
  readonly attributes = new Set<string>();
  readonly tested = new Set<string>();
  readonly compared: { attribute: string; value: unknown }[] = [];
  readonly #context = new Set<string>();
  #wholeContext = false;

  get context(): ReadonlySet<string> | 'all' {
    return this.#wholeContext ? 'all' : this.#context;
  }

  visit(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.visit(item);
    if (!isNode(value)) return;
    if (isEntity(value)) return void this.entities.push({ type: value.type, id: value.id });
    if (value['Var'] === 'context') this.#wholeContext = true;
    for (const [key, child] of Object.entries(value)) this.#visitEntry(key, child);
  }

  #visitEntry(key: string, child: unknown): void {
    if (key === 'entity_type' && typeof child === 'string') this.types.add(child);
    if (comparisons.has(key) && isNode(child)) this.#compare(child['left'], child['right']);
    if ((key === '.' || key === 'has') && isNode(child)) this.#access(child, key === 'has');
    else this.visit(child);
  }

  #access({ left, attr }: Node, isTest: boolean): void {
    // `has a.b.c` names a path; only its first step is an attribute of `left`, all are attributes of something.
    const path = (Array.isArray(attr) ? attr : [attr]).filter((step) => typeof step === 'string');
    for (const step of path) this.attributes.add(step);
    if (isTest && !isContext(left)) for (const step of path) this.tested.add(step);
    if (!isContext(left)) return this.visit(left);
    if (path[0] === undefined) this.#wholeContext = true;
    else this.#context.add(path[0]);
  }

  #compare(left: unknown, right: unknown): void {
    const attribute = contextAttribute(left) ?? contextAttribute(right);
    if (attribute === undefined) return;
    const other = contextAttribute(left) === undefined ? left : right;
    for (const value of literals(other)) this.compared.push({ attribute, value });
  }
}

const comparisons = new Set(['==', '!=', 'contains', 'containsAll', 'containsAny']);

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// In Cedar's JSON only an entity reference has a type and an id that are strings.
function isEntity(node: Node): node is Node & TypeAndId {
  return typeof node['type'] === 'string' && typeof node['id'] === 'string';
}

function isContext(value: unknown): boolean {
  return isNode(value) && value['Var'] === 'context';
}

function contextAttribute(value: unknown): string | undefined {
  const access = isNode(value) ? value['.'] : undefined;
  if (!isNode(access) || !isContext(access['left'])) return undefined;
  return typeof access['attr'] === 'string' ? access['attr'] : undefined;
}

function literals(value: unknown): unknown[] {
  if (!isNode(value)) return [];
  if ('Value' in value) return [value['Value']].flat();
  return Array.isArray(value['Set']) ? value['Set'].flatMap(literals) : [];
}
