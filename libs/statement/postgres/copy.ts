import type { RelationName, SessionEffect } from '../facts.js';
import { parse, scan } from './parser.js';
import { relationOf } from './reader.js';
import type { Described, Draft } from './statement-facts.js';
import { asNode, fieldsOf, isFields, list, names, text, type Fields, type Node } from './tree.js';
import { stripped } from './where.js';

/** COPY, in its four ways: a table or a query out, a table in, and the server's own files and programs. */
export function copyFacts(draft: Draft): Described {
  const { fields } = draft.node;
  const incoming = fields['is_from'] === true;
  const relation = isFields(fields['relation']) ? relationOf(fields['relation']) : undefined;
  if (isServerSide(fields)) draft.reader.accesses.add('sql:admin');
  return incoming ? copyIn(draft, relation) : copyOut(draft, relation);
}

/** A file or a program of the server: nothing of it passes between client and server. */
export function isServerSide(copy: Fields): boolean {
  return copy['is_program'] === true || copy['filename'] !== undefined;
}

function copyIn({ node, reader }: Draft, relation: RelationName | undefined): Described {
  if (relation) reader.write('sql:copy-in', relation, columnsOf(node.fields));
  reader.statement({ type: 'CopyStmt', fields: { whereClause: node.fields['whereClause'] } });
  return described('in', node, undefined);
}

function copyOut(draft: Draft, relation: RelationName | undefined): Described {
  const { node, reader } = draft;
  if (relation) {
    reader.read(relation, columnsOf(node.fields));
    reader.accesses.add('sql:copy-out', relation, columnsOf(node.fields));
    const columns = names(node.fields['attlist']);
    return described('out', node, tableSelect(relation, columns), columns.length === 0);
  }
  const query = asNode(node.fields['query']);
  if (query) reader.statement(query);
  const read = reader.accesses.list().flatMap((each) => (each.relation ? [each] : []));
  if (read.length === 0) reader.accesses.add('sql:copy-out');
  for (const each of read) reader.accesses.add('sql:copy-out', each.relation, each.columns);
  return described('out', node, queryText(draft));
}

function described(
  direction: 'in' | 'out',
  { fields }: Node,
  equivalentSelect: string | undefined,
  wholeTable = false,
): Described {
  if (isServerSide(fields)) return { kind: `copy ${direction}`, returnsRows: false, hasLimit: false };
  const options = list(fields['options']).flatMap((each) => option(fieldsOf(each, 'DefElem')));
  const effect: SessionEffect = { type: 'copy', direction, equivalentSelect, wholeTable, options };
  return { kind: `copy ${direction}`, returnsRows: direction === 'out', hasLimit: false, effect };
}

type Option = readonly [name: string, value: string | number | boolean];

function option(fields: Fields | undefined): Option[] {
  const name = text(fields?.['defname'])?.toLowerCase();
  return name === undefined ? [] : [[name, optionValue(asNode(fields?.['arg']))]];
}

function optionValue(node: Node | undefined): string | number | boolean {
  switch (node?.type) {
    case undefined:
      return true;
    case 'String':
      return text(node.fields['sval']) ?? '';
    case 'Integer':
      return Number(node.fields['ival'] ?? 0);
    case 'Float':
      return Number(node.fields['fval']);
    case 'Boolean':
      return node.fields['boolval'] === true;
    case 'List':
      return names(node.fields['items']).join(',');
    default:
      return '*';
  }
}

const columnsOf = (fields: Fields): string[] => {
  const columns = names(fields['attlist']);
  return columns.length > 0 ? columns : ['*'];
};

/*
 * Without a column list COPY leaves generated columns out, and SELECT * does not: whoever plans by its columns must
 * leave them out too, and compare with the number of columns that the server announces.
 */
function tableSelect({ schema, name }: RelationName, columns: readonly string[]): string {
  const table = schema === undefined ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
  return `SELECT ${columns.length === 0 ? '*' : columns.map(quoted).join(', ')} FROM ONLY ${table}`;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The text between COPY's parentheses, if it parses to the very tree that COPY has. */
function queryText({ text: whole, start, end, node }: Draft): string | undefined {
  const bytes = Buffer.from(whole).subarray(start, end);
  const span = parenthesised(bytes.toString());
  if (!span) return undefined;
  const query = bytes.subarray(span.start, span.end).toString().trim();
  const [only, ...others] = parse(query).statements;
  const same = only && others.length === 0 && stripped(only.stmt) === stripped(node.fields['query']);
  return same ? query : undefined;
}

function parenthesised(copy: string): { start: number; end: number } | undefined {
  let depth = 0;
  let start = 0;
  for (const token of scan(copy)) {
    if (token.text === '(' && depth++ === 0) start = token.end;
    if (token.text === ')' && --depth === 0) return { start, end: token.start };
  }
  return undefined;
}
