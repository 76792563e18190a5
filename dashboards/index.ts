import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { alertsYaml } from './alerts.js';
import { approvals } from './approvals.js';
import { classes } from './classes.js';
import { decisions } from './decisions.js';
import { exfiltration } from './exfiltration.js';
import { identity } from './identity.js';
import { pipeline } from './pipeline.js';
import { sessions } from './sessions.js';

/** Every dashboard, by the name of its file. */
export const dashboards: Readonly<Record<string, () => Dashboard>> = {
  exfiltration,
  identity,
  sessions,
  approvals,
  classes,
  decisions,
  pipeline,
};

/** What is made of the sources: path below the root, and text. */
export function dashboardFiles(): Record<string, string> {
  const files = Object.entries(dashboards).map(([name, build]) => [`dashboards/${name}.json`, json(build())]);
  return { ...Object.fromEntries(files), 'deploy/grafana/alerting/weirkeeper.yaml': alertsYaml() };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
