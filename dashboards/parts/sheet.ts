import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  RowBuilder,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { findingMarks, policyMarks } from './annotations.js';
import type { PanelSource } from './panels.js';
import { connection, identity, pages } from './variables.js';

export interface Section {
  readonly title: string;
  readonly panels: readonly PanelSource[];
}

export interface Sheet {
  /** A part of its address, `/d/weir-…`: never changed. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly sections: readonly Section[];
  /** No variables and no marks: what it shows is of no identity. */
  readonly ofNobody?: boolean;
}

/** A dashboard with what all of ours have in common. */
export function dashboard({ uid, title, description, sections, ofNobody = false }: Sheet): Dashboard {
  const builder = new DashboardBuilder(`Weirkeeper: ${title}`)
    .uid(uid)
    .description(description)
    .tags(['weirkeeper'])
    .timezone('browser')
    .time({ from: 'now-24h', to: 'now' })
    .refresh('1m')
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .link(toTheOthers())
    .link(toThePages())
    .withVariable(pages());
  if (!ofNobody) builder.withVariable(identity()).withVariable(connection());
  if (!ofNobody) builder.annotation(findingMarks()).annotation(policyMarks());
  placed(builder, sections);
  return builder.build();
}

/**
 * Line by line, from the left. Numbers go on from panel to panel: an address with `viewPanel` holds as long as panels are
 * added at the end.
 */
function placed(builder: DashboardBuilder, sections: readonly Section[]): void {
  let last = 0;
  let y = 0;
  for (const { title, panels } of sections) {
    builder.withRow(new RowBuilder(title).id(++last).gridPos({ x: 0, y, w: columns, h: 1 }));
    y++;
    let line = { x: 0, h: 0 };
    for (const panel of panels) {
      const { w = 12, h = 8 } = panel.build().gridPos ?? {};
      if (line.x + w > columns) {
        y += line.h;
        line = { x: 0, h: 0 };
      }
      panel.id(++last);
      panel.gridPos({ x: line.x, y, w, h });
      builder.withPanel(panel);
      line = { x: line.x + w, h: Math.max(line.h, h) };
    }
    y += line.h;
  }
}

/** Of a dashboard. */
const columns = 24;

const toTheOthers = () =>
  new DashboardLinkBuilder('Weirkeeper')
    .type(DashboardLinkType.Dashboards)
    .tags(['weirkeeper'])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);

const toThePages = () =>
  new DashboardLinkBuilder('Pages')
    .type(DashboardLinkType.Link)
    .url('${console:raw}')
    .icon('external link')
    .tooltip('Sessions, decisions and approvals')
    .targetBlank(true);
