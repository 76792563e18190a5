/** One masked value: what of it must stay hidden, as text and as PostgreSQL's binary form has it. */
export interface Secret {
  readonly name: string;
  /** What its mask may not show: an e-mail's host and a card's last digits are left out. */
  readonly hidden: string;
  readonly binary: readonly Buffer[];
}

/** The masked columns of one row of `people`, as SQL text. */
export type PersonRow = Readonly<Record<MaskedColumn, string>>;

export const maskedColumns = [
  'email', 'ssn', 'card', 'iban', 'phone', 'notes', 'profile', 'doc', 'tags', 'blob', 'pr', 'dom', 'mood', 'page',
  'attrs', 'nick', 'born', 'salary', 'level', 'flag', 'big', 'score', 'seen', 'ident', 'rng', 'slug',
] as const; // prettier-ignore
export type MaskedColumn = (typeof maskedColumns)[number];

/**
 * Two databases that are alike but for what is masked in them: whatever a client is answered must be the same. The
 * values have the same lengths, since a table's size is no secret, and no order, tie or count in common.
 */
export interface Twin {
  readonly name: 'a' | 'b';
  readonly people: readonly PersonRow[];
  readonly secrets: readonly Secret[];
}

// No vowels and no hexadecimal digits: in no word, no UUID and no pointer.
const letters = 'ghjkmnpqrstvwxz';
const rows = 4;

export function makeTwin(name: Twin['name']): Twin {
  const next = sequence(name === 'a' ? 77_001 : 91_003);
  const secrets: Secret[] = [];
  const people = Array.from({ length: rows }, (_, i) => {
    const row = person(name, i, next);
    secrets.push(...secretsOf(`${name}${i + 1}`, row));
    return row;
  });
  return { name, people, secrets };
}

function person(twin: Twin['name'], i: number, next: (below: number) => number): PersonRow {
  const word = (length: number) =>
    Array.from({ length }, (_, at) => (at % 3 === 2 ? String(next(10)) : letters[next(letters.length)])).join(
      '',
    );
  const digits = (length: number) =>
    Array.from({ length }, (_, at) => String(at === 0 ? 1 + next(9) : next(10))).join('');
  // The order of everything that follows is the other way round in the other database.
  const rank = twin === 'a' ? i + 1 : rows - i;
  const local = `w${rank}${word(11)}`;
  const email = `${local}@example.com`;
  return {
    email,
    ssn: `${rank}${digits(2)}-${digits(2)}-${digits(4)}`,
    card: cardEnding(`4${rank}${digits(9)}`, `70${i}1`),
    iban: `GB${rank}${digits(1)}WEST${digits(14)}`,
    phone: `+4${rank}${digits(10)}`,
    notes: `${rank} ${word(12)} ${word(9)}`,
    profile: JSON.stringify({ code: word(12), n: Number(digits(9)), deep: { x: [rank, word(9)] } }),
    doc: JSON.stringify({ code: word(12), n: Number(digits(9)) }),
    tags: `{${rank}${word(10)},${word(10)}}`,
    blob: `\\x${Buffer.from(`${rank}${word(12)}`).toString('hex')}`,
    pr: `(${rank}${word(11)},${digits(8)})`,
    dom: `${rank}${word(12)}`,
    mood: (twin === 'a' ? moods : [...moods].reverse())[i % (twin === 'a' ? 2 : 4)]!,
    page: `<p>${rank}${word(12)}</p>`,
    attrs: `"${word(8)}"=>"${rank}${word(10)}"`,
    nick: `${rank}${word(11)}`,
    born: `18${30 + rank * 9}-0${1 + next(9)}-1${next(10)}`,
    salary: `8${rank}${digits(5)}.${digits(2)}`,
    level: String(rank * 211_000_000 + next(9_000_000)),
    flag: String(twin === 'a' ? i !== 2 : i === 2),
    big: `${rank}${digits(14)}`,
    score: `${rank}${digits(6)}.${digits(5).replace(/0$/, '7')}`,
    seen: `17${30 + rank * 9}-0${1 + next(9)}-1${next(10)} 1${rank}:2${next(10)}:3${next(10)}`,
    ident: `${rank}${digits(7)}-${digits(4)}-4${digits(3)}-8${digits(3)}-${digits(12)}`,
    rng: `[${rank}${digits(7)},${rank + 4}${digits(7)})`,
    slug: email,
  };
}

const moods = ['calm', 'glad', 'sour', 'wild'];

function secretsOf(owner: string, row: PersonRow): Secret[] {
  const of = (column: MaskedColumn, hidden: string = row[column], ...binary: Buffer[]): Secret => ({
    name: `${column} of ${owner}`,
    hidden,
    binary,
  });
  const json = (text: string) => text.match(/[a-z0-9]{9,}/g) ?? [];
  const words = (column: MaskedColumn) => json(row[column]).map((word) => of(column, word));
  return [
    of('email', row.email.split('@')[0]!),
    of('ssn'),
    of('ssn', row.ssn.replaceAll('-', '')),
    of('card', row.card.slice(0, 12)),
    of('iban'),
    of('phone'),
    ...['notes', 'profile', 'doc', 'tags', 'pr', 'attrs', 'page'].flatMap((each) =>
      words(each as MaskedColumn),
    ),
    of('blob', Buffer.from(row.blob.slice(2), 'hex').toString()),
    of('dom'),
    of('nick'),
    of('born', row.born, dateBytes(row.born)),
    of('born', row.born.replaceAll('-', '')),
    of('salary', row.salary, numericBytes(row.salary)),
    of('level', row.level, int4(Number(row.level))),
    of('big', row.big, int8(BigInt(row.big)), numericBytes(row.big)),
    of('score', row.score, float8(Number(row.score))),
    of('seen', row.seen.slice(0, 10), timestampBytes(row.seen)),
    of('ident', row.ident, Buffer.from(row.ident.replaceAll('-', ''), 'hex')),
    of('rng', row.rng.slice(1, 9), int4(Number(row.rng.slice(1, 9)))),
  ];
}

const int4 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const int8 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};
const float8 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
};

const epoch = Date.UTC(2000, 0, 1);
/** date: days since 2000-01-01. */
const dateBytes = (text: string): Buffer => int4((Date.parse(`${text}T00:00:00Z`) - epoch) / 86_400_000);
/** timestamptz: microseconds since 2000-01-01. */
const timestampBytes = (text: string): Buffer =>
  int8(BigInt(Date.parse(`${text.replace(' ', 'T')}Z`) - epoch) * 1000n);

/** numeric: its digits by fours on both sides of the point, int16 each. */
function numericBytes(text: string): Buffer {
  const [whole = '', part = ''] = text.split('.');
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const right = part.padEnd(Math.ceil(part.length / 4) * 4, '0');
  const groups = (left + right).match(/.{4}/g)!.map(Number);
  const bytes = Buffer.alloc(groups.length * 2);
  groups.forEach((group, at) => bytes.writeInt16BE(group, at * 2));
  return bytes;
}

/** A card's number that shows the same last digits in both databases, as its mask leaves them. */
function cardEnding(start: string, end: string): string {
  const candidates = Array.from({ length: 10 }, (_, digit) => `${start}${digit}${end}`);
  return candidates.find(isLuhn)!;
}

function isLuhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** The same numbers every time: a hit can be looked at again (Park and Miller). */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * below);
  };
}
