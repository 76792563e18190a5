/*
 * The demo shop's data: made up, the same every time, with what a real one has: names, mail addresses, cards
 * that pass their checksum, and free text into which people have pasted such things.
 */

export const demoRole = 'shop_service';

const schema = `
  CREATE TABLE customers (
    id integer PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, phone text, ssn text,
    birth_date date, city text NOT NULL, created_at timestamptz NOT NULL);
  CREATE TABLE cards (
    id integer PRIMARY KEY, customer_id integer NOT NULL REFERENCES customers ON DELETE CASCADE,
    card_number text NOT NULL, expires text NOT NULL);
  CREATE TABLE orders (
    id integer PRIMARY KEY, customer_id integer NOT NULL REFERENCES customers ON DELETE CASCADE,
    total numeric(10,2) NOT NULL, status text NOT NULL, placed_at timestamptz NOT NULL);
  CREATE TABLE tickets (
    id integer PRIMARY KEY, customer_id integer NOT NULL REFERENCES customers ON DELETE CASCADE,
    subject text NOT NULL, body text NOT NULL, status text NOT NULL);
  CREATE VIEW customer_contacts AS SELECT id, name, email FROM customers;
  CREATE INDEX ON orders (customer_id);
`;

const grants = `
  CREATE ROLE ${demoRole} LOGIN;
  GRANT USAGE ON SCHEMA public TO ${demoRole};
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${demoRole};
`;

const first = [
  'Ada',
  'Ben',
  'Carla',
  'Deniz',
  'Eva',
  'Farid',
  'Greta',
  'Hugo',
  'Ines',
  'Jonas',
  'Kaya',
  'Lena',
];
const last = [
  'Abel',
  'Brandt',
  'Costa',
  'Demir',
  'Engel',
  'Fischer',
  'Gruber',
  'Haas',
  'Ivanov',
  'Jansen',
  'Keller',
];
const cities = ['Berlin', 'Lisbon', 'Oslo', 'Porto', 'Vienna', 'Zurich', 'Gdansk', 'Turin'];
const statuses = ['paid', 'paid', 'paid', 'shipped', 'returned', 'open'];
const subjects = ['Parcel is late', 'Wrong size', 'Refund please', 'Change of address', 'Invoice missing'];

const counts = { customers: 2000, orders: 6000, tickets: 1500 };

/** Mulberry32: small, seeded, good enough for a demo. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The statements that make the demo database, in order. */
export function demoStatements(): string[] {
  const random = generator(20260101);
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const digits = (n: number) => Array.from({ length: n }, () => below(10)).join('');
  const day = () =>
    new Date(Date.UTC(2024, 0, 1) + below(700) * 86_400_000 + below(86_400) * 1000).toISOString();
  const customers: unknown[][] = [];
  const cards: unknown[][] = [];
  for (let id = 1; id <= counts.customers; id++) {
    const [given, family] = [pick(first), pick(last)];
    const email = `${given}.${family}${id}@example.com`.toLowerCase();
    const ssn = `${100 + below(500)}-${10 + below(89)}-${1000 + below(8999)}`;
    const born = new Date(Date.UTC(1950 + below(55), below(12), 1 + below(28))).toISOString().slice(0, 10);
    customers.push([id, `${given} ${family}`, email, `+49 30 ${digits(7)}`, ssn, born, pick(cities), day()]);
    cards.push([
      id,
      id,
      withLuhn(`4${digits(14)}`),
      `${String(1 + below(12)).padStart(2, '0')}/${27 + below(5)}`,
    ]);
  }
  const orders = Array.from({ length: counts.orders }, (_, i) => [
    i + 1,
    1 + below(counts.customers),
    (below(40_000) / 100 + 5).toFixed(2),
    pick(statuses),
    day(),
  ]);
  const tickets = Array.from({ length: counts.tickets }, (_, i) => {
    const customer = customers[below(counts.customers)]!;
    const body = pick([
      `Please write to ${String(customer[2])}.`,
      `I paid with ${String(cards[Number(customer[0]) - 1]![2])} and was charged twice.`,
      'The parcel has not arrived yet.',
      `My name is ${String(customer[1])}, call me back.`,
    ]);
    return [i + 1, customer[0], pick(subjects), body, pick(['open', 'closed'])];
  });
  const tables: [string, unknown[][]][] = [
    ['customers', customers],
    ['cards', cards],
    ['orders', orders],
    ['tickets', tickets],
  ];
  return [schema, ...tables.map(([table, rows]) => insert(table, rows)), grants, 'ANALYZE'];
}

function insert(table: string, rows: readonly (readonly unknown[])[]): string {
  const values = rows.map((row) => `(${row.map(literal).join(',')})`);
  return `INSERT INTO ${table} VALUES ${values.join(',')}`;
}

function literal(value: unknown): string {
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
}

function withLuhn(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const doubled = Number(digit) * (i % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}
