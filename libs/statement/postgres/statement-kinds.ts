import type { SqlAction } from '../facts.js';

/**
 * How the guard of masked columns takes a statement:
 * - query: it has a body that the guard understands (query, DML, or a statement around one);
 * - inert: nothing in it is executed as code or carries a value; still refused if it names a masked column;
 * - opaque: it runs, installs or hands on what the guard cannot see into.
 */
export type GuardClass = 'query' | 'inert' | 'opaque';

/** What a statement is for: one of these each, whatever else it does on the way. */
export type StatementCategory =
  'read' | 'write' | 'ddl' | 'session' | 'transaction' | 'metadata' | 'copy' | 'admin' | 'code' | 'unknown'; // what no text can be

export interface StatementKind {
  /** In SQL's words. */
  readonly kind: string;
  readonly category: StatementCategory;
  /** What the statement itself asks for; reads and writes inside it are added. */
  readonly action: SqlAction;
  readonly guard: GuardClass;
}

const categories: Readonly<Record<SqlAction, StatementCategory>> = {
  'sql:select': 'read',
  'sql:metadata': 'metadata',
  'sql:insert': 'write',
  'sql:update': 'write',
  'sql:delete': 'write',
  'sql:merge': 'write',
  'sql:truncate': 'write',
  'sql:copy-out': 'copy',
  'sql:copy-in': 'copy',
  'sql:ddl': 'ddl',
  'sql:code': 'code',
  'sql:admin': 'admin',
  'sql:session': 'session',
  'sql:transaction': 'transaction',
  'sql:unknown': 'unknown',
};

const row = (
  kind: string,
  action: SqlAction,
  guard: GuardClass = 'inert',
  category: StatementCategory = categories[action],
): StatementKind => ({ kind, category, action, guard });

// Nodes that end in Stmt, but that no text can be: parts of others, or made by the server's analysis.
const never = (kind: string): StatementKind => row(kind, 'sql:unknown', 'opaque');

/** Every statement node of the parser. The list is closed: tree.spec.ts compares it with the parser's. */
export const statementKinds: Readonly<Record<string, StatementKind>> = {
  RawStmt: never('raw statement'),
  SetOperationStmt: never('set operation'),
  ReturnStmt: never('return'),
  PLAssignStmt: never('assignment'),
  ReplicaIdentityStmt: never('replica identity'),

  SelectStmt: row('select', 'sql:select', 'query'),
  InsertStmt: row('insert', 'sql:insert', 'query'),
  UpdateStmt: row('update', 'sql:update', 'query'),
  DeleteStmt: row('delete', 'sql:delete', 'query'),
  MergeStmt: row('merge', 'sql:merge', 'query'),
  CopyStmt: row('copy', 'sql:copy-out', 'query'),
  ExplainStmt: row('explain', 'sql:select', 'query'),
  PrepareStmt: row('prepare', 'sql:session', 'query'),
  ExecuteStmt: row('execute', 'sql:session', 'query'),
  DeallocateStmt: row('deallocate', 'sql:session'),
  DeclareCursorStmt: row('declare cursor', 'sql:session', 'query'),
  FetchStmt: row('fetch', 'sql:session'),
  ClosePortalStmt: row('close', 'sql:session'),
  CreateTableAsStmt: row('create table as', 'sql:ddl', 'query'),
  ViewStmt: row('create view', 'sql:ddl', 'query'),
  TruncateStmt: row('truncate', 'sql:truncate'),

  TransactionStmt: row('transaction', 'sql:transaction'),
  VariableSetStmt: row('set', 'sql:session'),
  VariableShowStmt: row('show', 'sql:session', 'inert', 'metadata'),
  ConstraintsSetStmt: row('set constraints', 'sql:session'),
  DiscardStmt: row('discard', 'sql:session'),
  // Their payload is a channel to other sessions, and its messages are no result of a statement.
  NotifyStmt: row('notify', 'sql:admin'),
  ListenStmt: row('listen', 'sql:admin'),
  UnlistenStmt: row('unlisten', 'sql:admin'),

  DoStmt: row('do', 'sql:code', 'opaque'),
  CallStmt: row('call', 'sql:code', 'opaque'),
  LoadStmt: row('load', 'sql:code', 'opaque'),

  CreateStmt: row('create table', 'sql:ddl'),
  AlterTableStmt: row('alter table', 'sql:ddl'),
  AlterTableMoveAllStmt: row('alter table all in tablespace', 'sql:admin'),
  CreateSchemaStmt: row('create schema', 'sql:ddl'),
  CreateSeqStmt: row('create sequence', 'sql:ddl'),
  AlterSeqStmt: row('alter sequence', 'sql:ddl'),
  IndexStmt: row('create index', 'sql:ddl'),
  CreateStatsStmt: row('create statistics', 'sql:ddl'),
  AlterStatsStmt: row('alter statistics', 'sql:ddl'),
  CreateDomainStmt: row('create domain', 'sql:ddl'),
  AlterDomainStmt: row('alter domain', 'sql:ddl'),
  CompositeTypeStmt: row('create type', 'sql:ddl'),
  CreateEnumStmt: row('create type as enum', 'sql:ddl'),
  AlterEnumStmt: row('alter type enum', 'sql:ddl'),
  CreateRangeStmt: row('create type as range', 'sql:ddl'),
  AlterTypeStmt: row('alter type', 'sql:ddl'),
  AlterCollationStmt: row('alter collation', 'sql:ddl'),
  // CREATE AGGREGATE, OPERATOR, TYPE, COLLATION, TEXT SEARCH …: what they bind stops being built-in by its name.
  DefineStmt: row('define', 'sql:ddl', 'opaque'),
  AlterTSDictionaryStmt: row('alter text search dictionary', 'sql:ddl'),
  AlterTSConfigurationStmt: row('alter text search configuration', 'sql:ddl'),
  DropStmt: row('drop', 'sql:ddl'),
  RenameStmt: row('rename', 'sql:ddl'),
  CommentStmt: row('comment', 'sql:ddl'),
  AlterObjectDependsStmt: row('alter depends on extension', 'sql:ddl'),
  AlterObjectSchemaStmt: row('alter set schema', 'sql:ddl'),
  AlterOwnerStmt: row('alter owner', 'sql:admin'),
  RefreshMatViewStmt: row('refresh materialized view', 'sql:ddl'),
  CreateFunctionStmt: row('create function', 'sql:code', 'opaque'),
  AlterFunctionStmt: row('alter function', 'sql:code', 'opaque'),
  CreateTrigStmt: row('create trigger', 'sql:code', 'opaque'),
  RuleStmt: row('create rule', 'sql:code', 'opaque'),
  CreateCastStmt: row('create cast', 'sql:code', 'opaque'),
  CreateConversionStmt: row('create conversion', 'sql:code', 'opaque'),
  CreateTransformStmt: row('create transform', 'sql:code', 'opaque'),
  CreateOpClassStmt: row('create operator class', 'sql:code', 'opaque'),
  CreateOpFamilyStmt: row('create operator family', 'sql:code', 'opaque'),
  AlterOpFamilyStmt: row('alter operator family', 'sql:code', 'opaque'),
  AlterOperatorStmt: row('alter operator', 'sql:code', 'opaque'),
  CreatePLangStmt: row('create language', 'sql:admin', 'opaque'),
  CreateAmStmt: row('create access method', 'sql:admin', 'opaque'),
  CreateEventTrigStmt: row('create event trigger', 'sql:admin', 'opaque'),
  AlterEventTrigStmt: row('alter event trigger', 'sql:admin', 'opaque'),

  CreatePolicyStmt: row('create policy', 'sql:admin', 'opaque'),
  AlterPolicyStmt: row('alter policy', 'sql:admin', 'opaque'),
  GrantStmt: row('grant', 'sql:admin'),
  GrantRoleStmt: row('grant role', 'sql:admin'),
  AlterDefaultPrivilegesStmt: row('alter default privileges', 'sql:admin'),
  CreateRoleStmt: row('create role', 'sql:admin'),
  AlterRoleStmt: row('alter role', 'sql:admin'),
  AlterRoleSetStmt: row('alter role set', 'sql:admin'),
  DropRoleStmt: row('drop role', 'sql:admin'),
  DropOwnedStmt: row('drop owned', 'sql:admin'),
  ReassignOwnedStmt: row('reassign owned', 'sql:admin'),
  SecLabelStmt: row('security label', 'sql:admin'),
  CreatedbStmt: row('create database', 'sql:admin', 'opaque'),
  AlterDatabaseStmt: row('alter database', 'sql:admin'),
  AlterDatabaseRefreshCollStmt: row('alter database refresh collation', 'sql:admin'),
  AlterDatabaseSetStmt: row('alter database set', 'sql:admin'),
  DropdbStmt: row('drop database', 'sql:admin'),
  AlterSystemStmt: row('alter system', 'sql:admin'),
  CreateTableSpaceStmt: row('create tablespace', 'sql:admin'),
  DropTableSpaceStmt: row('drop tablespace', 'sql:admin'),
  AlterTableSpaceOptionsStmt: row('alter tablespace', 'sql:admin'),
  CreateExtensionStmt: row('create extension', 'sql:admin', 'opaque'),
  AlterExtensionStmt: row('alter extension', 'sql:admin', 'opaque'),
  AlterExtensionContentsStmt: row('alter extension contents', 'sql:admin', 'opaque'),
  CreateFdwStmt: row('create foreign data wrapper', 'sql:admin', 'opaque'),
  AlterFdwStmt: row('alter foreign data wrapper', 'sql:admin', 'opaque'),
  CreateForeignServerStmt: row('create server', 'sql:admin', 'opaque'),
  AlterForeignServerStmt: row('alter server', 'sql:admin', 'opaque'),
  CreateForeignTableStmt: row('create foreign table', 'sql:admin', 'opaque'),
  CreateUserMappingStmt: row('create user mapping', 'sql:admin', 'opaque'),
  AlterUserMappingStmt: row('alter user mapping', 'sql:admin', 'opaque'),
  DropUserMappingStmt: row('drop user mapping', 'sql:admin'),
  ImportForeignSchemaStmt: row('import foreign schema', 'sql:admin', 'opaque'),
  CreatePublicationStmt: row('create publication', 'sql:admin', 'opaque'),
  AlterPublicationStmt: row('alter publication', 'sql:admin', 'opaque'),
  CreateSubscriptionStmt: row('create subscription', 'sql:admin', 'opaque'),
  AlterSubscriptionStmt: row('alter subscription', 'sql:admin', 'opaque'),
  DropSubscriptionStmt: row('drop subscription', 'sql:admin'),
  ClusterStmt: row('cluster', 'sql:admin'),
  VacuumStmt: row('vacuum', 'sql:admin'),
  ReindexStmt: row('reindex', 'sql:admin'),
  CheckPointStmt: row('checkpoint', 'sql:admin'),
  LockStmt: row('lock', 'sql:admin'),
};

export const unknownKind: StatementKind = row('unknown', 'sql:unknown', 'opaque');

export function kindOf(nodeType: string): StatementKind {
  return Object.hasOwn(statementKinds, nodeType) ? (statementKinds[nodeType] ?? unknownKind) : unknownKind;
}
