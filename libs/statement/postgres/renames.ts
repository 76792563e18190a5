import { fieldsOf, list, text, visit, type Node } from './tree.js';

/** ALTER TABLE's parts after which a name, or what a name's rows are, may be another. */
const moving: ReadonlySet<string> = new Set([
  'AT_AlterColumnType',
  'AT_AddInherit',
  'AT_DropInherit',
  'AT_AttachPartition',
  'AT_DetachPartition',
  'AT_AddOf',
]);

/** May a name mean another thing once this has run? Also inside CREATE SCHEMA or EXPLAIN, wherever it stands. */
export function renames(statement: Node): boolean {
  let found = false;
  visit(statement, ({ type, fields }) => {
    if (type === 'RenameStmt' || type === 'AlterObjectSchemaStmt') found = true;
    if (type !== 'AlterTableStmt') return;
    found ||= list(fields['cmds']).some((each) =>
      moving.has(text(fieldsOf(each, 'AlterTableCmd')?.['subtype']) ?? ''),
    );
  });
  return found;
}
