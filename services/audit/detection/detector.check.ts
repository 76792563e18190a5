import type { ClickHouseClient } from '#audit-store';
import { filledIn } from '../clickhouse/query.parameters.js';
import { piecesOf } from '../sql/canonical.text.js';
import { queryBytes } from '../sql/query.bytes.js';
import { refused } from '../sql/query.refused.js';
import { checkedQuery } from '../sql/sql.check.js';
import type { DetectionSettings } from './detection.settings.js';
import { bounded } from './detector.bound.js';
import { invalid, type DetectorFile } from './detector.file.js';
import { mistakeOf } from './detector.mistake.js';
import { houseNames, sentinel, valuesOf } from './detector.values.js';
import { placesOf } from './explanation.js';
import { timeText } from './store.sql.js';

/** A detector that may run. */
export interface Detector extends DetectorFile {
  /** What runs, over the sentinel's range. */
  readonly checked: string;
  /** Names and types of what it answers. */
  readonly columns: ReadonlyMap<string, string>;
}

/** What is bounded is what a query answers for each identity and in all, afterwards; and its memory and time. */
const unbounded = 1_000_000_000;

/**
 * Checks a detector's SQL as an auditor's is, and that it answers what a finding is made of. CONFIG_INVALID names file and line.
 */
export async function checkDetector(
  reader: ClickHouseClient,
  file: DetectorFile,
  settings: DetectionSettings,
): Promise<Detector> {
  try {
    refuseHouseNames(file);
    const values = valuesOf(file, settings);
    const { text: checked } = await checkedQuery(reader, file.sql, unbounded, (canonical) => ({
      text: filledIn(withoutPresent(piecesOf(canonical)), values).join(''),
    }));
    refuseWithoutRange(checked);
    const columns = await columnsOf(reader, checked);
    refuseShape(file, columns);
    return { ...file, checked: bounded(checked), columns };
  } catch (error) {
    throw invalid([mistakeOf(file, error)], error);
  }
}

function refuseHouseNames({ parameters }: DetectorFile): void {
  const taken = Object.keys(parameters).find((name) => houseNames.includes(name));
  if (taken !== undefined)
    throw refused(`parameter ${taken} is given by the house: call yours something else`);
}

const present = /^(?:now|now64|nowInBlock|today|yesterday|curdate|current_date|current_timestamp)$/i;

/** The same file runs over what is new, over a backlog and over months of the past. */
function withoutPresent(pieces: readonly string[]): readonly string[] {
  const found = pieces.find((piece, i) => present.test(piece) && pieces[i + 1] === '(');
  if (found !== undefined)
    throw refused(
      `function ${found} is not available to detectors`,
      'time is {from:DateTime64(6)} to {to:DateTime64(6)}',
    );
  return pieces;
}

function refuseWithoutRange(checked: string): void {
  for (const name of ['from', 'to'] as const)
    if (!checked.includes(timeText(sentinel[name])))
      throw refused(`the query does not name {${name}:DateTime64(6)}: it would read all that there is`);
}

const text = { name: 'String', type: /^String$/ };
const time = { name: 'DateTime64(6)', type: /^DateTime64\(6/ };
const links = { name: 'Array(String)', type: /^Array\((String|Nothing)\)$/ };
const required = {
  ...{ identity: text, on_behalf_of: text, connection: text, subject: text },
  ...{ window_start: time, window_end: time, sessions: links, statements: links },
};

function refuseShape({ explain, parameters }: DetectorFile, columns: ReadonlyMap<string, string>): void {
  for (const [name, wanted] of Object.entries(required)) {
    const found = columns.get(name);
    if (found === undefined) throw refused(`the query answers no column ${name}`);
    if (!wanted.type.test(found)) throw refused(`column ${name} is ${found}, not ${wanted.name}`);
  }
  const unknown = placesOf(explain).find(
    ({ name }) => !columns.has(name) && !Object.hasOwn(parameters, name),
  );
  if (unknown) throw refused(`explain names {${unknown.name}}, which is neither a column nor a parameter`);
}

/** By running it where there is nothing. */
async function columnsOf(reader: ClickHouseClient, checked: string): Promise<Map<string, string>> {
  const { bytes } = await queryBytes(reader, checked, 'JSONCompactEachRowWithNamesAndTypes');
  const [names = '[]', types = '[]'] = bytes.toString('utf8').split('\n');
  const typeList = (JSON.parse(types) as string[]).map(plainType);
  return new Map((JSON.parse(names) as string[]).map((name, i) => [name, typeList[i] ?? '']));
}

const plainType = (type: string): string => type.replaceAll(/LowCardinality\((\w+)\)/g, '$1');
