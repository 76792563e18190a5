import type { SensitiveColumn, SensitiveNames } from '../facts.js';
import type { Names } from '../lineage.js';
import { catalogOf, type TableText } from './catalog.js';

/*
 * The database that the guard's tests speak of; test/int/statement.spec.ts builds it for real. Masked in customers:
 * email (may be looked up), ssn, notes; and every column of customer_view, which reads them.
 */
export const schema = `
  CREATE TABLE customers (id int PRIMARY KEY, name text, email text UNIQUE, ssn text, notes text);
  CREATE TABLE orders (id int PRIMARY KEY, customer_id int, total numeric, status text, created_at timestamptz,
    notes text);
  CREATE TABLE products (id int PRIMARY KEY, name text, price numeric);
  CREATE TABLE events (id int PRIMARY KEY, customer_id int, payload jsonb);
  CREATE TYPE address AS (street text, city text);
  CREATE TABLE leads (id int PRIMARY KEY, email text, ssn text, score int, home address, tags text[]);
  CREATE TABLE accounts (id int PRIMARY KEY, customer_id int, email varchar, balance numeric, contact text);
  CREATE SCHEMA app;
  CREATE TABLE app.customers (id int PRIMARY KEY, email text, label text);
  CREATE VIEW customer_view AS SELECT id, name, email, ssn, notes FROM customers;
  CREATE FUNCTION fullname(customers) RETURNS text LANGUAGE sql AS 'SELECT $1.email || $1.ssn';
  CREATE FUNCTION emails() RETURNS SETOF text LANGUAGE sql AS 'SELECT email FROM customers';
  CREATE FUNCTION first_email(int, int) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers LIMIT 1';
  CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = first_email);
`;

const email: SensitiveColumn = { class: 'email', lookup: true };
const ssn: SensitiveColumn = { class: 'ssn', lookup: false };
const notes: SensitiveColumn = { class: 'free-text', lookup: false };
const whole: SensitiveColumn = { class: 'view', lookup: false };

const sensitive: ReadonlyMap<string, ReadonlyMap<string, SensitiveColumn>> = new Map([
  [
    'customers',
    new Map([
      ['email', email],
      ['ssn', ssn],
      ['notes', notes],
    ]),
  ],
  ['customer_view', new Map(['id', 'name', 'email', 'ssn', 'notes'].map((each) => [each, whole]))],
]);

const clear: ReadonlySet<string> = new Set(['orders', 'products', 'events']);
const userFunctions: ReadonlySet<string> = new Set(['fullname', 'emails', 'first_email']);

/** What the proxy's catalog would say of it. */
export const customersNames: SensitiveNames = {
  relation: (name) => sensitive.get(name) ?? (clear.has(name) ? undefined : 'unknown'),
  isBuiltinFunction: (name) => !userFunctions.has(name),
  isBuiltinOperator: (name) => name !== '===',
  anySensitive: true,
};

const tables: readonly TableText[] = [
  { name: 'customers', columns: 'id int, name, email !email?, ssn !ssn, notes !free-text' },
  {
    name: 'orders',
    columns: 'id int, customer_id int, total numeric, status, created_at timestamptz, notes',
  },
  { name: 'products', columns: 'id int, name, price numeric' },
  { name: 'events', columns: 'id int, customer_id int, payload jsonb' },
  { name: 'leads', columns: 'id int, email, ssn, score int, home address, tags text[]' },
  {
    name: 'accounts',
    columns: 'id int, customer_id int, email varchar !email?, balance numeric !salary, contact !email?',
  },
  { schema: 'app', name: 'customers', columns: 'id int, email, label' },
  {
    name: 'customer_view',
    kind: 'v',
    columns: 'id int !view, name !view, email !view, ssn !view, notes !view',
  },
];

/** What the proxy's catalog would say of it; `oid` asks a real server. */
export const customersCatalog = (
  oid?: (schema: string, name: string) => number,
  searchPath: readonly string[] = ['public'],
): Names =>
  catalogOf({
    tables,
    searchPath,
    functions: [...userFunctions],
    operators: ['==='],
    composites: { 90_001: 'street, city' },
    ...(oid ? { oid } : {}),
  });
