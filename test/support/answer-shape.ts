import type { Asked } from './dashboard-files.js';

/** An answer in JSONCompactEachRowWithNamesAndTypes. */
export interface Shaped {
  readonly names: readonly string[];
  readonly types: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export function readShaped(text: string): Shaped {
  const [names = [], types = [], ...rows] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown[]);
  return { names: names as string[], types: types as string[], rows };
}

const bare = (type: string): string => type.replace(/^(?:Nullable|LowCardinality)\((.*)\)$/, '$1');
const kindOf = (type: string): 'time' | 'number' | 'text' | 'other' => {
  const name = bare(bare(type));
  if (/^Date(?:Time)?(?:32|64)?\b/.test(name)) return 'time';
  if (/^(?:U?Int|Float|Decimal)\d*/.test(name)) return 'number';
  return name === 'String' || /^FixedString|^Enum/.test(name) ? 'text' : 'other';
};

/** What keeps an answer from being shown as what it is for; nothing where all is well. */
export function misshapen({ purpose, panel }: Asked, answer: Shaped): string[] {
  const kinds = answer.types.map(kindOf);
  const strange = answer.names
    .filter((_, i) => kinds[i] === 'other')
    .map((name) => `${name} is no plain value`);
  return [...strange, ...checks[purpose](answer, kinds), ...(panel ? unknownColumns(panel, answer) : [])];
}

type Check = (answer: Shaped, kinds: readonly string[]) => string[];

const checks: Readonly<Record<Asked['purpose'], Check>> = {
  stat: ({ rows }, kinds) => [
    ...(kinds.join() === 'number' ? [] : [`not one number but ${kinds.join()}`]),
    ...(rows.length <= 1 ? [] : [`${rows.length} rows`]),
  ],
  timeseries: (answer, kinds) => [
    ...(kinds[0] === 'time' ? [] : ['the first column is no time']),
    ...(kinds.slice(1).includes('time') ? ['there are several times'] : []),
    ...(kinds.includes('number') ? [] : ['there is no number']),
    ...(kinds.filter((kind) => kind === 'text').length <= 1 ? [] : ['there are several labels']),
    ...inOrder(answer, kinds),
  ],
  table: () => [],
  variable: (_, kinds) => (kinds.join() === 'text' ? [] : [`not one text but ${kinds.join()}`]),
  annotation: ({ names }, kinds) => [
    ...(kinds[0] === 'time' ? [] : ['the first column is no time']),
    ...['text', 'tags']
      .filter((name) => kinds[names.indexOf(name)] !== 'text')
      .map((name) => `no text ${name}`),
  ],
  alert: (_, kinds) => [
    ...(kinds.filter((kind) => kind === 'number').length === 1 ? [] : ['not one number']),
    ...(kinds.includes('time') ? ['there is a time: it would be a series'] : []),
  ],
};

/** The backend makes series of rows only if they come by time, and each label once a time. */
function inOrder({ rows }: Shaped, kinds: readonly string[]): string[] {
  const times = rows.map(([at]) => String(at));
  const label = kinds.indexOf('text');
  const keys = rows.map((row) => `${String(row[0])} ${label < 0 ? '' : String(row[label])}`);
  return [
    ...(times.every((at, i) => i === 0 || times[i - 1]! <= at) ? [] : ['rows are not by time']),
    ...(new Set(keys).size === keys.length ? [] : ['two rows for one point']),
  ];
}

/** What a panel says of columns, it says of columns that are there. */
function unknownColumns({ fieldConfig }: NonNullable<Asked['panel']>, { names }: Shaped): string[] {
  const text = JSON.stringify(fieldConfig);
  const linked = [...text.matchAll(/__data\.fields\.(\w+)|__field\.labels\.(\w+)/g)].map(
    ([, a, b]) => a ?? b ?? '',
  );
  const overridden = fieldConfig.overrides.map(({ matcher }) => matcher.options);
  return [...linked, ...overridden]
    .filter((name) => !names.includes(name))
    .map((name) => `there is no column ${name}`);
}
