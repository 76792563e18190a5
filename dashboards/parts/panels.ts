import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DynamicConfigValue,
  type GridPos,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { rows, series } from './clickhouse.query.js';
import type { CellLink } from './links.js';
import { clickhouse, prometheus } from './sources.js';

/** A panel that still gets its number and its place, from the dashboard that it stands in. */
export interface PanelSource extends Builder<Panel> {
  id(id: number): unknown;
  gridPos(at: GridPos): unknown;
}

interface Look {
  /** One sentence: what is counted, and what to think when it moves. */
  readonly description: string;
  /** Grafana's name of a unit: @grafana/grafana-foundation-sdk/units. */
  readonly unit: string;
}

interface StatLook extends Look {
  /** From this on it is shown in red. */
  readonly alarming?: number;
  readonly empty?: string;
}

/** One number, as large as it goes. */
export function stat(title: string, sql: string, look: StatLook): PanelSource {
  return statOf(title, rows(sql), look).datasource(clickhouse);
}

export function statOf(title: string, target: Builder<Dataquery>, look: StatLook): StatBuilder {
  const { description, unit, alarming, empty = '0' } = look;
  const steps = [{ value: null, color: alarming === undefined ? 'text' : 'green' }];
  if (alarming !== undefined) steps.push({ value: alarming as never, color: 'red' });
  return new StatBuilder()
    .title(title)
    .description(description)
    .withTarget(target)
    .unit(unit)
    .noValue(empty)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .span(4)
    .height(4);
}

interface SeriesLook extends Look {
  /** Each series on top of the one before: where their sum says something. */
  readonly stacked?: boolean;
  /** The label by which series are told apart. */
  readonly by?: string;
  /** Columns of 24. */
  readonly span?: number;
  /** So far back, whatever the dashboard's time: where a point is a day. */
  readonly timeFrom?: string;
}

/** Numbers over time; several queries are put into one picture. */
export function overTime(title: string, sql: string | readonly string[], look: SeriesLook): PanelSource {
  const targets = [sql].flat().map((each, i) => series(each, 'ABCDEF'.charAt(i)));
  return seriesOf(title, targets, look).datasource(clickhouse);
}

/** The same, of Prometheus' answers. */
export function metricOverTime(
  title: string,
  targets: readonly Builder<Dataquery>[],
  look: SeriesLook,
): PanelSource {
  return seriesOf(title, targets, look).datasource(prometheus);
}

function seriesOf(title: string, targets: readonly Builder<Dataquery>[], look: SeriesLook): SeriesBuilder {
  const { description, unit, stacked = false, by, span = 12, timeFrom } = look;
  const panel = new SeriesBuilder()
    .title(title)
    .description(description)
    .targets([...targets])
    .unit(unit)
    .min(0)
    .noValue('nothing in this time')
    .drawStyle(stacked ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .fillOpacity(stacked ? 80 : 10)
    .lineWidth(1)
    .stacking(new StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None))
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .span(span)
    .height(8);
  if (timeFrom !== undefined) panel.timeFrom(timeFrom);
  return by === undefined ? panel : panel.displayName(`\${__field.labels.${by}}`);
}

const legend = () =>
  new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs([]);

/** How a column of a table is shown. */
export interface ColumnLook {
  readonly unit?: string;
  readonly width?: number;
  readonly links?: readonly CellLink[];
}

interface TableLook {
  readonly description: string;
  readonly columns?: Readonly<Record<string, ColumnLook>>;
  /** What is said where there is nothing. */
  readonly empty?: string;
  readonly span?: number;
}

/** Rows. */
export function list(title: string, sql: string, look: TableLook): PanelSource {
  const { description, columns = {}, empty = 'nothing in this time', span = 24 } = look;
  const panel = new TableBuilder()
    .title(title)
    .description(description)
    .datasource(clickhouse)
    .withTarget(rows(sql))
    .noValue(empty)
    .filterable(true)
    .span(span)
    .height(9);
  for (const [name, column] of Object.entries(columns)) panel.overrideByName(name, propertiesOf(column));
  return panel;
}

function propertiesOf({ unit, width, links }: ColumnLook): DynamicConfigValue[] {
  return [
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
    ...(links === undefined ? [] : [{ id: 'links', value: links }]),
  ];
}
