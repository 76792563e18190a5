/** What a row of a detector's answer has in a column. */
export type Measure = string | number | boolean | null | readonly (string | number)[];

interface Place {
  readonly name: string;
  readonly form: string | undefined;
}

const place = /\{([a-z]\w*)(?::(\w+))?\}/gi;

/** The places of a template: `{rows}`, `{first_at:time}`. */
export const placesOf = (template: string): Place[] =>
  [...template.matchAll(place)].map(([, name = '', form]) => ({ name, form }));

/**
 * The template with what was measured, as people read it: numbers with their thousands, `:bytes` with units; times with their day,
 * or `:time` and `:date` alone, on the calendar's clock, which the first of them names; lists with commas, at most five of them.
 */
export function explained(
  template: string,
  measures: Readonly<Record<string, Measure>>,
  timezone: string,
): string {
  const clock = { timezone, isNamed: false };
  return template.replaceAll(counted, (_, name: string, form?: string, noun: string = '') => {
    const measure = Object.hasOwn(measures, name) ? measures[name] : undefined;
    const shown = measure === undefined || measure === null ? '-' : words(measure, form, clock);
    return shown + (measure === 1 ? noun.replace(/s$/, '') : noun);
  });
}

/** A place, and what is counted there: of one there is no plural. None with a verb behind it (`events are missing`). */
const nouns = ['statements', 'rows', 'values', 'sessions', 'runs', 'times', 'days', 'hours'];
const counted = new RegExp(`${place.source}( (?:${nouns.join('|')})\\b)?`, 'gi');

interface Clock {
  readonly timezone: string;
  isNamed: boolean;
}

function words(measure: Exclude<Measure, null>, form: string | undefined, clock: Clock): string {
  if (typeof measure === 'number') return form === 'bytes' ? bytes(measure) : number.format(measure);
  if (typeof measure === 'string') return moment(measure, form, clock) ?? oneLine(measure);
  if (typeof measure === 'boolean') return measure ? 'yes' : 'no';
  const shown = measure.slice(0, mostShown).map((each) => words(each, form, clock));
  return shown.join(', ') + (measure.length > mostShown ? ` and ${measure.length - mostShown} more` : '');
}

const mostShown = 5;
const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
const stamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/;

/** A name that somebody chose: no line breaks, nothing that a terminal or a reader's eye would follow, no longer than a name. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '\uFFFD')
    .slice(0, 200);

/** Undefined for what is no time that there is: a name may look like one. */
function moment(text: string, form: string | undefined, clock: Clock): string | undefined {
  const at = stamp.test(text) ? new Date(`${text.slice(0, 19).replace(' ', 'T')}Z`) : undefined;
  if (at === undefined || Number.isNaN(at.getTime())) return undefined;
  // sv-SE writes 2026-11-22 02:10.
  const options = { timeZone: clock.timezone, dateStyle: 'short', timeStyle: 'short' } as const;
  const [date = '', time = ''] = new Intl.DateTimeFormat('sv-SE', options).format(at).split(' ');
  if (form === 'date') return date;
  const zone = clock.isNamed ? '' : ` ${clock.timezone}`;
  clock.isNamed = true;
  return `${form === 'time' ? '' : `${date} `}${time}${zone}`;
}

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

function bytes(value: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(value, 1)) / 10));
  return `${number.format(Math.round((value / 1024 ** power) * 10) / 10)} ${units[power]}`;
}
