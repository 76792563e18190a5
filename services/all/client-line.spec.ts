import { expect, it } from 'vitest';
import { clientLine, personOf } from './client-line.js';

const lineOf = (subject: string) =>
  clientLine('orders', { host: 'weir.example', port: 15432 }, personOf({ subject }));

it.each(['ana', 'ana@corp.example', 'svc-1_a.b+c'])('connects %s under that name', (subject) => {
  expect(lineOf(subject)).toBe(
    `PGPASSWORD=$(./weir token) psql "host=weir.example port=15432 dbname=orders user=${subject} sslmode=require"`,
  );
});

it.each(['$(id)', '`id`', 'a b', 'a"b', "a'b", 'a\\b', '', 'ü', 'a\nb'])(
  'puts no %j into a shell',
  (subject) => {
    expect(lineOf(subject)).toContain(' user=me sslmode=require"');
  },
);
