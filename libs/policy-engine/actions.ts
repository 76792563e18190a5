import type { SqlAction } from '#statement';

/** Action groups, each with the groups that it is in. `schema.ts` says the same in Cedar's words; a spec compares. */
export const actionGroups = {
  'sql:any': [],
  'sql:read': ['sql:any'],
  'sql:write': ['sql:any'],
  'sql:privileged': ['sql:any'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type ActionGroup = keyof typeof actionGroups;

interface ActionEntry {
  readonly groups: readonly ActionGroup[];
  /** As it stands in a sentence before the relation's name: "no policy permits INSERT into public.orders". */
  readonly phrase: string;
  /** Its columns are resources too, where a policy names columns. */
  readonly columns: boolean;
}

const read: readonly ActionGroup[] = ['sql:read', 'sql:any'];
const write: readonly ActionGroup[] = ['sql:write', 'sql:any'];
const privileged: readonly ActionGroup[] = ['sql:privileged', 'sql:any'];
const other: readonly ActionGroup[] = ['sql:any'];

/** Every action, and all the groups above it, so that a call names its action's ancestors without the schema. */
export const actions: Readonly<Record<SqlAction, ActionEntry>> = {
  'sql:select': { groups: read, phrase: 'SELECT on', columns: true },
  'sql:metadata': { groups: read, phrase: 'catalog reads on', columns: false },
  'sql:copy-out': { groups: read, phrase: 'COPY out of', columns: true },
  'sql:insert': { groups: write, phrase: 'INSERT into', columns: true },
  'sql:update': { groups: write, phrase: 'UPDATE of', columns: true },
  'sql:delete': { groups: write, phrase: 'DELETE from', columns: true },
  'sql:merge': { groups: write, phrase: 'MERGE into', columns: true },
  'sql:truncate': { groups: write, phrase: 'TRUNCATE of', columns: false },
  'sql:copy-in': { groups: write, phrase: 'COPY into', columns: true },
  'sql:ddl': { groups: privileged, phrase: 'schema changes (DDL) on', columns: false },
  'sql:code': {
    groups: privileged,
    phrase: 'running code (DO, CALL, unlisted functions) on',
    columns: false,
  },
  'sql:admin': { groups: privileged, phrase: 'administration of', columns: false },
  'sql:unknown': { groups: privileged, phrase: 'statements of an unknown kind on', columns: false },
  'sql:session': { groups: other, phrase: 'session settings on', columns: false },
  'sql:transaction': { groups: other, phrase: 'transactions on', columns: false },
};
