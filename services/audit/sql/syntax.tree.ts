import { refused } from './query.refused.js';

/** A node of `EXPLAIN AST`. */
export interface SyntaxNode {
  /** `Function`, `TableIdentifier`, `SelectQuery`, … */
  readonly kind: string;
  /** A function's or a table's name, a literal's value; empty where the kind has none. */
  readonly name: string;
  readonly children: readonly SyntaxNode[];
}

interface OpenNode extends SyntaxNode {
  readonly children: OpenNode[];
  readonly depth: number;
  readonly expected: number;
}

/* line: indent kind [ ' ' name ] [ ' (alias ' alias ')' ] [ ' (children ' count ')' ]
   One space of indentation a level. Names and aliases are printed as they are, so what they may hold is
   narrow here, and the counts must add up: a line that is not understood refuses the query. */
const literal = /^( *)(Literal) ([\s\S]*)$/;
const plain =
  /^( *)([A-Za-z]+(?:::[A-Za-z]+)?)(?: ([\p{L}\p{N}_.$ -]+?))?(?: \(alias [^()\\]*\))?(?: \(children (\d+)\))?$/u;
const sample = /^( *)(SampleRatio) ([0-9 /]+)$/;

/** Reads the lines of `EXPLAIN AST`. */
export function readSyntaxTree(lines: readonly string[]): SyntaxNode {
  const open: OpenNode[] = [];
  let root: SyntaxNode | undefined;
  for (const line of lines) {
    const node = readLine(line);
    while (open.length > node.depth) assertComplete(open.pop());
    if (open.length !== node.depth || (node.depth === 0 && root)) throw notUnderstood(line);
    open.at(-1)?.children.push(node);
    root ??= node;
    open.push(node);
  }
  while (open.length > 0) assertComplete(open.pop());
  if (!root) throw refused('the query is empty');
  return root;
}

/** Every node below, and the node itself. */
export function* everyNode(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (const child of node.children) yield* everyNode(child);
}

function readLine(line: string): OpenNode {
  const [, indent, kind, name = '', count] =
    literal.exec(line) ?? sample.exec(line) ?? plain.exec(line) ?? fail(line);
  return { kind: kind ?? '', name, children: [], depth: indent?.length ?? 0, expected: Number(count ?? 0) };
}

function assertComplete(node: OpenNode | undefined): void {
  if (node && node.children.length !== node.expected) throw notUnderstood(node.kind);
}

function fail(line: string): never {
  throw notUnderstood(line);
}

const notUnderstood = (what: string) =>
  refused(`the query's syntax is not understood at ${JSON.stringify(what.trim().slice(0, 80))}`);
