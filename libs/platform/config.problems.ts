import type { Document, LineCounter, Node } from 'yaml';
import { isMap, isNode, isPair, isScalar, visit } from 'yaml';
import type { z } from 'zod';

type Path = readonly PropertyKey[];

export interface ConfigProblem {
  readonly path: Path;
  readonly message: string;
}

/** zod's issues, one problem for each wrong or unknown key. `schema` supplies the names for "did you mean". */
export function problemsOf(error: z.ZodError, schema: z.ZodType): ConfigProblem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: lowerFirst(issue.message) }];
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: unknownKey(key, keysAt(schema, issue.path)),
    }));
  });
}

/** `weir.yaml:12: identity.oidcs: unknown key; did you mean "oidc"?` */
export function describe(
  problem: ConfigProblem,
  file: string,
  document: Document,
  lines: LineCounter,
): string {
  const line = lineOf(problem.path, document, lines);
  const path = problem.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('');
  return `${file}:${line}: ${path.replace(/^\./, '') || 'the document'}: ${problem.message}`;
}

/** For the key at this offset, which its map has already: `identity: given twice, first on line 6; keep one of them`. */
export function repeatedKey(document: Document, offset: number, lines: LineCounter): string | undefined {
  let message: string | undefined;
  visit(document, {
    Map(_, map, ancestors) {
      const keys = map.items.flatMap(({ key }) => (isScalar(key) ? [key] : []));
      const second = keys.find((key) => key.range?.[0] === offset);
      const first = keys.find((key) => key.value === second?.value);
      if (!second || !first) return undefined;
      const above = ancestors.flatMap((node) => (isPair(node) && isScalar(node.key) ? [node.key.value] : []));
      const line = lines.linePos(first.range?.[0] ?? 0).line;
      message = `${[...above, second.value].join('.')}: given twice, first on line ${line}; keep one of them`;
      return visit.BREAK;
    },
  });
  return message;
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: editDistance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (near && near.distance <= Math.max(2, Math.floor(key.length / 3)))
    return `unknown key; did you mean "${near.name}"?`;
  return known.length > 0 ? `unknown key; known here: ${known.join(', ')}` : 'unknown key';
}

/** The keys that an object schema takes at a path; none where there is no object. */
function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  let current: SchemaNode | undefined = schema as SchemaNode;
  for (const part of path) {
    current = unwrap(current);
    current = typeof part === 'number' ? current?.def.element : current?.shape?.[String(part)];
  }
  return Object.keys(unwrap(current)?.shape ?? {});
}

/** The parts of a zod schema that are read here. */
interface SchemaNode {
  readonly def: { readonly innerType?: SchemaNode; readonly element?: SchemaNode };
  readonly shape?: Readonly<Record<string, SchemaNode>>;
}

function unwrap(schema: SchemaNode | undefined): SchemaNode | undefined {
  let inner = schema;
  while (inner?.def.innerType) inner = inner.def.innerType;
  return inner;
}

/** The line of the key at this path, or of the nearest thing around it that the file does contain. */
function lineOf(path: Path, document: Document, lines: LineCounter): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const part of path) {
    const next = child(node, part);
    if (!next) break;
    offset = next.offset;
    node = next.value;
  }
  return lines.linePos(offset).line;
}

function child(node: Node | null, part: PropertyKey): { offset: number; value: Node | null } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
    if (!pair || !isScalar(pair.key)) return undefined;
    return { offset: pair.key.range?.[0] ?? 0, value: isNode(pair.value) ? pair.value : null };
  }
  if (!node || !('items' in node) || typeof part !== 'number') return undefined;
  const item: unknown = node.items[part];
  return isNode(item) ? { offset: item.range?.[0] ?? 0, value: item } : undefined;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
