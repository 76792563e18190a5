import type { SessionEffect } from '../facts.js';
import { copyFacts } from './copy.js';
import type { StatementReader } from './reader.js';
import { settingCall } from './set-config.js';
import { isReadableSetting, refusedSetting, setFacts, type SetFacts } from './settings.js';
import { kindOf, type StatementKind } from './statement-kinds.js';
import { asNode, fieldsOf, isFields, list, names, text, type Fields, type Node } from './tree.js';

/** One statement on its way to facts; `reader` collects accesses while it is described. */
export interface Draft {
  readonly text: string;
  /** Byte offsets. */
  readonly start: number;
  readonly end: number;
  readonly node: Node;
  readonly row: StatementKind;
  readonly reader: StatementReader;
}

export interface Described {
  readonly kind: string;
  readonly returnsRows: boolean;
  readonly hasLimit: boolean;
  readonly effect?: SessionEffect | undefined;
  readonly problem?: string | undefined;
}

/** A statement that stands by itself; within another one, set_config is a function as any. */
export function describeWhole(draft: Draft): Described {
  const call = settingCall(draft.node);
  if (!call) return describe(draft);
  draft.reader.functions.add('set_config');
  // Of other settings than the one that it names itself it tells nothing.
  if (call.from) draft.reader.accesses.add('sql:metadata', call.from.relation, ['name']);
  return { ...setting(draft, call.setting, call), returnsRows: true };
}

function describe(draft: Draft): Described {
  const rule = Object.hasOwn(rules, draft.node.type) ? rules[draft.node.type] : undefined;
  return rule ? rule(draft) : utility(draft);
}

type Rule = (draft: Draft) => Described;

const quiet = (kind: string, effect?: SessionEffect): Described => ({
  kind,
  returnsRows: false,
  hasLimit: false,
  effect,
});

// Whatever has no rule of its own: its action, and what it names and embeds.
function utility({ node, row, reader }: Draft): Described {
  const before = reader.accesses.list().length;
  reader.statement(node);
  const asked = reader.accesses.list().some((each) => each.action === row.action);
  if (!asked || before === reader.accesses.list().length) reader.accesses.add(row.action);
  if (!passive.has(row.action)) reader.writes = true;
  return quiet(row.kind);
}

const passive: ReadonlySet<string> = new Set(['sql:session', 'sql:transaction']);

function select({ node, reader }: Draft): Described {
  reader.statement(node);
  const into = hasInto(node.fields);
  if (into) return quiet('select into');
  if (reader.accesses.list().length === 0) reader.accesses.add('sql:select');
  return { kind: 'select', returnsRows: true, hasLimit: limited(node.fields) };
}

// In a set operation the INTO stands in the leftmost arm.
function hasInto(fields: Fields): boolean {
  if (fields['intoClause'] !== undefined) return true;
  return isFields(fields['larg']) && hasInto(fields['larg']);
}

function limited(fields: Fields): boolean {
  const count = fields['limitCount'];
  return count !== undefined && fieldsOf(count, 'A_Const')?.['isnull'] !== true;
}

function dml({ node, row, reader }: Draft): Described {
  reader.statement(node);
  const returning = node.fields['returningClause'] !== undefined;
  return { kind: row.kind, returnsRows: returning, hasLimit: false };
}

/** The statement inside another one, described by the same reader. */
function inner(draft: Draft, field: string): Described {
  const node = asNode(draft.node.fields[field]);
  if (!node) {
    draft.reader.accesses.add('sql:unknown');
    return quiet('unknown');
  }
  return describe({ ...draft, node, row: kindOf(node.type) });
}

function explain(draft: Draft): Described {
  const described = inner(draft, 'query');
  if (!executes(draft.node.fields)) draft.reader.writes = false;
  const effect = described.effect?.type === 'execute' ? { ...described.effect, explain: true } : undefined;
  return { kind: 'explain', returnsRows: true, hasLimit: described.hasLimit, effect };
}

// Of several ANALYZE options the server takes the last; any that may be on counts here.
function executes(fields: Fields): boolean {
  return list(fields['options']).some((each) => {
    const option = fieldsOf(each, 'DefElem');
    return option?.['defname'] === 'analyze' && !isOff(option['arg']);
  });
}

function isOff(arg: unknown): boolean {
  const word = text(fieldsOf(arg, 'String')?.['sval'])?.toLowerCase();
  const number = fieldsOf(arg, 'Integer');
  return word === 'false' || word === 'off' || (number !== undefined && (number['ival'] ?? 0) === 0);
}

function prepare(draft: Draft): Described {
  const { hasLimit } = inner(draft, 'query');
  const name = text(draft.node.fields['name']) ?? '';
  return { ...quiet('prepare', { type: 'prepare', name }), hasLimit };
}

// What it does is what was prepared under that name: the gate puts those facts in place of these.
function execute(draft: Draft): Described {
  draft.reader.statement(draft.node);
  const name = text(draft.node.fields['name']) ?? '';
  return {
    kind: 'execute',
    returnsRows: true,
    hasLimit: false,
    effect: { type: 'execute', name, explain: false },
  };
}

function declare(draft: Draft): Described {
  const { hasLimit } = inner(draft, 'query');
  const name = text(draft.node.fields['portalname']) ?? '';
  return { ...quiet('declare cursor', { type: 'declare', name }), hasLimit };
}

function fetch({ node, reader }: Draft): Described {
  reader.accesses.add('sql:session');
  const move = node.fields['ismove'] === true;
  const name = text(node.fields['portalname']) ?? '';
  const effect: SessionEffect = { type: 'fetch', name, move };
  return { kind: move ? 'move' : 'fetch', returnsRows: !move, hasLimit: false, effect };
}

function close(draft: Draft): Described {
  utility(draft);
  return quiet('close', { type: 'close', name: text(draft.node.fields['portalname']) });
}

function deallocate(draft: Draft): Described {
  utility(draft);
  return quiet('deallocate', { type: 'deallocate', name: text(draft.node.fields['name']) });
}

// CREATE TABLE AS EXECUTE writes what a statement prepared earlier reads.
function createTableAs(draft: Draft): Described {
  const into = fieldsOf({ IntoClause: draft.node.fields['into'] }, 'IntoClause') ?? {};
  draft.reader.statement({ type: 'IntoClause', fields: into });
  const described = inner(draft, 'query');
  draft.reader.writes = true;
  const view = draft.node.fields['objtype'] === 'OBJECT_MATVIEW';
  const kind = view ? 'create materialized view' : 'create table as';
  return { kind, returnsRows: false, hasLimit: described.hasLimit, effect: described.effect };
}

function show({ node, reader }: Draft): Described {
  const setting = text(node.fields['name']) ?? '';
  reader.accesses.add(isReadableSetting(setting) ? 'sql:session' : 'sql:admin');
  return { kind: 'show', returnsRows: true, hasLimit: false };
}

const settingActions = { session: 'sql:session', admin: 'sql:admin', refused: 'sql:unknown' } as const;

function set(draft: Draft): Described {
  return setting(draft, text(draft.node.fields['name']) ?? '', setFacts(draft.node.fields));
}

function setting({ reader }: Draft, name: string, { verdict, effects }: SetFacts): Described {
  reader.accesses.add(settingActions[verdict]);
  const problem = verdict === 'refused' ? refusedSetting(name) : undefined;
  return { ...quiet('set', effects[0]), problem };
}

const transactionEffects: Readonly<Record<string, SessionEffect>> = {
  TRANS_STMT_BEGIN: { type: 'begin' },
  TRANS_STMT_START: { type: 'begin' },
  TRANS_STMT_COMMIT: { type: 'commit' },
  TRANS_STMT_ROLLBACK: { type: 'rollback' },
  TRANS_STMT_SAVEPOINT: { type: 'savepoint' },
  TRANS_STMT_ROLLBACK_TO: { type: 'rollback-to' },
};

// Two-phase commit leaves a transaction, with its locks, behind the session's back.
function transaction({ node, reader }: Draft): Described {
  const kind = text(node.fields['kind']) ?? '';
  const effect = transactionEffects[kind];
  const plain = effect !== undefined || kind === 'TRANS_STMT_RELEASE';
  reader.accesses.add(plain ? 'sql:transaction' : 'sql:admin');
  return quiet(plain ? (transactionKinds[kind] ?? 'transaction') : 'two-phase commit', effect);
}

const transactionKinds: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_ROLLBACK_TO: 'rollback to',
  TRANS_STMT_RELEASE: 'release',
};

function discard({ node, reader }: Draft): Described {
  reader.accesses.add('sql:session');
  return quiet('discard', node.fields['target'] === 'DISCARD_ALL' ? { type: 'discard-all' } : undefined);
}

const droppedRelations: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_INDEX',
  'OBJECT_SEQUENCE',
  'OBJECT_FOREIGN_TABLE',
]);

function drop(draft: Draft): Described {
  const { node, reader } = draft;
  if (!droppedRelations.has(text(node.fields['removeType']) ?? '')) return utility(draft);
  for (const each of list(node.fields['objects'])) {
    const path = names(fieldsOf(each, 'List')?.['items']);
    const name = path.at(-1) ?? '';
    const schema = path.at(-2);
    reader.accesses.add('sql:ddl', schema === undefined ? { name } : { schema, name });
  }
  reader.writes = true;
  return quiet('drop');
}

const rules: Readonly<Record<string, Rule>> = {
  SelectStmt: select,
  InsertStmt: dml,
  UpdateStmt: dml,
  DeleteStmt: dml,
  MergeStmt: dml,
  CopyStmt: (draft) => copyFacts(draft),
  ExplainStmt: explain,
  PrepareStmt: prepare,
  ExecuteStmt: execute,
  DeclareCursorStmt: declare,
  FetchStmt: fetch,
  ClosePortalStmt: close,
  DeallocateStmt: deallocate,
  CreateTableAsStmt: createTableAs,
  CallStmt: (draft) => ({ ...utility(draft), returnsRows: true }),
  VariableShowStmt: show,
  VariableSetStmt: set,
  TransactionStmt: transaction,
  DiscardStmt: discard,
  DropStmt: drop,
};
