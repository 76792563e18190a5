import { incidentKinds } from '../incidents/kinds.js';
import type { Incident } from '../model.js';

const columns = ['id', 'kind', 'form', 'magnitude', 'unit', 'identity', 'connection', 'from', 'to', 'sessions', 'statements', 'tables']; // prettier-ignore

const units = new Map(incidentKinds.map(({ kind, unit }) => [kind, unit]));

/** The first line of labels.csv. */
export const labelHeader = columns.join();

/** One incident as a line of labels.csv, without its line feed: docs/ingest-format.md. */
export function labelLine(incident: Incident): string {
  const { id, kind, form, magnitude, identity, connection, from, to } = incident;
  const time = (at: number) => new Date(at).toISOString();
  const lists = [incident.sessionIds, incident.statementIds, incident.tables].map((list) => list.join(' '));
  const about = [id, kind, form, String(magnitude), units.get(kind) ?? '', identity, connection];
  return [...about, time(from), time(to), ...lists].map(quoted).join();
}

const quoted = (value: string): string =>
  /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
