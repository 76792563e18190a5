import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { all, expandMacros, expandPanel, type TimeRange, type Variables } from './grafana-macros.js';
import { root } from './house.js';

/** Of a dashboard's file as much as tests look at. */
export interface DashboardFile {
  readonly uid: string;
  readonly title: string;
  readonly timezone: string;
  readonly panels: readonly PanelFile[];
  readonly templating: { readonly list: readonly VariableFile[] };
  readonly annotations: { readonly list?: readonly { readonly name: string; readonly target: TargetFile }[] };
}

export interface PanelFile {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly TargetFile[];
  readonly options?: unknown;
  readonly fieldConfig: {
    readonly defaults: Readonly<Record<string, unknown>>;
    readonly overrides: readonly Override[];
  };
}

export interface Override {
  readonly matcher: { readonly id: string; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export interface TargetFile {
  readonly refId: string;
  readonly rawSql?: string;
  readonly expr?: string;
  readonly format?: number;
}

export interface VariableFile {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
}

export interface AlertFile {
  readonly uid: string;
  readonly condition: string;
  readonly data: readonly {
    readonly refId: string;
    readonly datasourceUid: string;
    readonly relativeTimeRange: { readonly from: number; readonly to: number };
    readonly model: TargetFile & {
      readonly conditions?: readonly { readonly evaluator: { readonly params: readonly number[] } }[];
    };
  }[];
  readonly annotations: Readonly<Record<string, string>>;
}

const folder = join(root, 'dashboards');

/** As they are shipped, by the name of the file. */
export const dashboardFiles = (): (readonly [name: string, DashboardFile])[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8')) as DashboardFile]);

export function alertFiles(): readonly AlertFile[] {
  const text = readFileSync(join(root, 'deploy/grafana/alerting/weirkeeper.yaml'), 'utf8');
  const { groups } = parse(text) as { groups: readonly { readonly rules: readonly AlertFile[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** What a query is for says what its answer must look like. */
export type Purpose = 'stat' | 'table' | 'timeseries' | 'variable' | 'annotation' | 'alert';

export interface Asked {
  /** Where it stands, for people. */
  readonly where: string;
  readonly purpose: Purpose;
  readonly sql: string;
  readonly panel?: PanelFile;
  readonly alert?: AlertFile;
}

/** Every query that goes to ClickHouse. */
export function queries(): Asked[] {
  const boards = dashboardFiles().flatMap(([file, { panels, templating, annotations }]) => [
    ...panels.flatMap((panel) =>
      (panel.targets ?? []).flatMap(({ rawSql, refId }) =>
        rawSql === undefined
          ? []
          : [
              {
                where: `${file}: ${panel.title} (${refId})`,
                purpose: panel.type as Purpose,
                sql: rawSql,
                panel,
              },
            ],
      ),
    ),
    ...templating.list.flatMap(({ name, type, query }) =>
      type === 'query'
        ? [{ where: `${file}: variable ${name}`, purpose: 'variable' as const, sql: query }]
        : [],
    ),
    ...(annotations.list ?? []).map(({ name, target }) => ({
      ...{ where: `${file}: marks of ${name}`, purpose: 'annotation' as const, sql: target.rawSql ?? '' },
    })),
  ]);
  const alerts = alertFiles().map((alert) => ({
    ...{
      where: `alert ${alert.uid}`,
      purpose: 'alert' as const,
      sql: alert.data[0]?.model.rawSql ?? '',
      alert,
    },
  }));
  return [...boards, ...alerts];
}

// The events of test/support/audited-october.ts are October's; the log took them now.
export const everything: TimeRange = {
  from: new Date(Math.min(Date.parse('2026-10-01T00:00Z'), Date.now() - 86_400_000)),
  to: new Date(Math.max(Date.parse('2026-11-01T00:00Z'), Date.now() + 3_600_000)),
  interval: 3_600_000,
};
export const ofAll: Variables = { identity: all, connection: [all], console: 'http://127.0.0.1:8080' };

/** As it reaches the engine. */
export const expanded = ({ purpose, sql }: Asked, range: TimeRange, variables = ofAll): string =>
  purpose === 'alert' ? expandMacros(sql, range) : expandPanel(sql, range, variables);
