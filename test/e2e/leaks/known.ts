/*
 * What gets through today, by the attack's text or name, and why. A suite fails where something else gets through, and
 * where one of these no longer does: then take it off.
 */

/** Answers that depend on a masked value by what the database's owner made; documented limits. */
export const limits: ReadonlyMap<string, string> = new Map([
  ...[
    'select * from barrier',
    'select id from barrier',
    'select count(*) from barrier',
    'select lower(notes) from barrier',
  ].map(
    (text) =>
      [
        text,
        'which rows a view has is its owner’s choice, also where it chooses by a masked column',
      ] as const,
  ),
  ...[
    `insert into bait values ('info')`,
    `insert into bait values ('warning')`,
    `insert into bait select unnest(array['notice', 'warning', 'error'])`,
    `insert into bait values ('notice'), ('setting'), ('info') returning *`,
    `with w as (insert into bait values ('warning') returning kind) select * from w`,
    `explain (analyze, timing off, summary off) insert into bait values ('warning')`,
    `copy (insert into bait values ('warning') returning kind) to stdout`,
  ].map((text) => [text, 'a trigger’s own message keeps its shape, and words such as t, f, true'] as const),
  ...[
    'settings that tell',
    'settings that tell, in a function of the owner',
    'settings that tell the path',
  ].map(
    (name) =>
      [name, 'SHOW gives what a trigger of the owner’s put into a setting that SHOW may show'] as const,
  ),
]);

/** Wrong today. */
export const wrong: ReadonlyMap<string, string> = new Map([
  ...[
    'alter table people add unique (mood)',
    'create unique index on people (mood)',
    'alter table people add constraint x exclude using btree (mood with =)',
  ].map((text) => [text, 'who may do DDL learns whether a masked column has equal values'] as const),
]);
