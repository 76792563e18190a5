import fc, { type GeneratorValue } from 'fast-check';

/*
 * A nasty grammar of SELECTs over the tables of customers.ts. It keeps track of which columns are in scope, so that most
 * statements are valid, and is drawn to what a guard by names could miss: aliases, positions, stars, whole rows,
 * set operations, column alias lists, shadowed names, correlated subqueries, calls that look like columns.
 */
interface Item {
  readonly alias: string;
  readonly columns: readonly string[];
}

interface Query {
  readonly sql: string;
  readonly columns: readonly string[];
}

const tables: Readonly<Record<string, readonly string[]>> = {
  customers: ['id', 'name', 'email', 'ssn', 'notes'],
  orders: ['id', 'customer_id', 'total', 'status', 'created_at', 'notes'],
  products: ['id', 'name', 'price'],
  customer_view: ['id', 'name', 'email', 'ssn', 'notes'],
  leads: ['id', 'email', 'ssn', 'score', 'home', 'tags'],
  accounts: ['id', 'customer_id', 'email', 'balance', 'contact'],
  'app.customers': ['id', 'email', 'label'],
};

// Few names, so that they collide: with columns, with tables and with one another.
const aliasPool = ['c', 'o', 's', 't', 'email', 'customers', 'orders', 'x'] as const;
const columnPool = ['id', 'name', 'email', 'ssn', 'x', 'y', 'total', 'notes'] as const;

export function randomStatement(draw: GeneratorValue): string {
  return new Grammar(draw).statement();
}

class Grammar {
  private budget = 14;
  private ctes: Item[] = [];

  constructor(private readonly draw: GeneratorValue) {}

  statement(): string {
    const ctes = this.chance(3) ? this.withList() : '';
    const { sql } = this.query([], 3);
    switch (this.below(20)) {
      case 5:
        return this.recursive();
      case 6:
        return this.grouped(ctes);
      case 7:
        return `UPDATE leads SET score = 1, email = ${this.scalar([leads, customers], 1)} FROM customers
          WHERE leads.id = customers.id AND ${this.condition([leads, customers], 1)}
          RETURNING ${this.targets([leads, customers], 1).sql}`;
      case 8:
        return `INSERT INTO customers (id, email, notes) VALUES (${this.below(20)}, 'new', ${this.scalar([], 1)})
          ON CONFLICT (${this.one(['id', 'email', 'ssn'])}) DO UPDATE SET
          ${this.one(['email = excluded.email', 'name = excluded.name', 'name = customers.notes', `name = 'x'`])}
          RETURNING ${this.targets([customers], 1).sql}`;
      case 9:
        return `MERGE INTO leads USING customers c ON leads.id = c.id AND ${this.condition([leads, { ...customers, alias: 'c' }], 0)}
          WHEN MATCHED AND ${this.condition([leads, { ...customers, alias: 'c' }], 0)} THEN UPDATE SET score = 5
          WHEN NOT MATCHED THEN INSERT (id, email) VALUES (c.id, ${this.one(["'x'", 'c.email', 'c.name'])})`;
      case 10: {
        const inner = this.query([], 2);
        const item: Item = { alias: 'k', columns: inner.columns };
        return `SELECT ${this.targets([item], 1).sql} FROM (WITH w AS (${inner.sql}) SELECT * FROM w) AS k`;
      }
      case 0:
        return `${ctes}SELECT ${this.call()} FROM (${sql}) q`;
      case 1:
        return `${ctes}(${sql}) LIMIT ${this.below(5)}`;
      case 2:
        return `${ctes}INSERT INTO products (id, name) ${this.rowsToWrite()} RETURNING *`;
      case 3:
        return `UPDATE customers SET ${this.one(['name', 'email', 'notes'])} = ${this.scalar([customers], 1)}
          WHERE ${this.condition([customers], 1)} RETURNING ${this.targets([customers], 1).sql}`;
      case 4:
        return `DELETE FROM customers USING orders o WHERE ${this.condition([customers, orders], 1)} RETURNING *`;
      default:
        return `${ctes}${sql}`;
    }
  }

  private recursive(): string {
    const { sql, items } = this.from([], 1);
    const [first, second] = [this.column(items), this.target(items, 1).sql];
    const again = this.one(['b', 'a', `'x'`, 'upper(b)', 'b::text']);
    const outer = this.one([
      'SELECT * FROM r',
      'SELECT b FROM r',
      'SELECT upper(b) FROM r',
      'SELECT n FROM r WHERE b IS NULL',
    ]);
    return `WITH RECURSIVE r(n, a, b) AS (SELECT 1, ${first}, ${second}${sql}
      UNION ALL SELECT n + 1, ${this.one(['a', 'b'])}, ${again} FROM r WHERE n < 3) ${outer}`;
  }

  private grouped(ctes: string): string {
    const { sql, items } = this.from([], 2);
    const key = this.chance(3) ? this.column(items) : this.plain(items);
    const order = this.one(['', ' ORDER BY 1', ' ORDER BY 2 DESC, 1', ` ORDER BY ${key}`, ' ORDER BY n']);
    const by = this.one(['1', key, `ROLLUP (${key})`, '1, n']);
    const having = this.chance(3) ? ` HAVING ${this.one(['count(*) > 1', `min(${key}) IS NOT NULL`])}` : '';
    const total = this.one(['count(*)', `count(${this.column(items)})`, `max(${this.plain(items)})`]);
    return `${ctes}SELECT ${key}, ${total} AS n${sql} GROUP BY ${by}${having}${order}`;
  }

  private rowsToWrite(): string {
    const { sql, items } = this.from([], 2);
    return `SELECT 100 + row_number() OVER (), ${this.column(items)} AS ${this.one(columnPool)}${sql}`;
  }

  private withList(): string {
    const recursive = this.chance(3) ? 'RECURSIVE ' : '';
    const parts: string[] = [];
    for (let n = 1 + this.below(2); n > 0; n--) {
      const { sql, columns } = this.query([], 2);
      const alias = this.one(['q', 'r', 'orders', 'email', 's']);
      const listed = this.chance(3) ? columns.map((_, at) => `${this.one(columnPool)}${at}`) : undefined;
      parts.push(`${alias}${listed ? `(${listed.join(', ')})` : ''} AS (${sql})`);
      this.ctes = [...this.ctes, { alias, columns: listed ?? columns }];
    }
    return `WITH ${recursive}${parts.join(', ')} `;
  }

  private query(outer: readonly Item[], depth: number): Query {
    if (depth > 0 && this.spend() && this.chance(4)) return this.union(outer, depth - 1);
    return this.select(outer, depth);
  }

  private union(outer: readonly Item[], depth: number): Query {
    const left = this.select(outer, depth);
    const right = this.select(outer, depth, left.columns.length);
    const operator = this.one([...Array<string>(8).fill('UNION ALL'), 'UNION', 'INTERSECT', 'EXCEPT']);
    return { sql: `(${left.sql}) ${operator} (${right.sql})`, columns: left.columns };
  }

  private select(outer: readonly Item[], depth: number, width?: number): Query {
    const from = this.from(outer, depth);
    const scope = [...from.items, ...outer];
    const targets = this.targets(from.items, depth, width, scope);
    const distinct = this.chance(8)
      ? 'DISTINCT '
      : this.chance(20)
        ? `DISTINCT ON (${this.column(scope)}) `
        : '';
    const where = this.chance(3) ? ` WHERE ${this.condition(scope, depth)}` : '';
    const order = this.chance(5) ? ` ORDER BY ${this.orderKey(scope, targets.columns)}` : '';
    const limit = this.chance(6) ? ` LIMIT ${this.below(4)}` : '';
    return {
      sql: `SELECT ${distinct}${targets.sql}${from.sql}${where}${order}${limit}`,
      columns: targets.columns,
    };
  }

  private orderKey(scope: readonly Item[], outputs: readonly string[]): string {
    if (this.chance(3)) return String(1 + this.below(Math.max(1, outputs.length)));
    return this.chance(3) && outputs.length > 0 ? quoted(this.one(outputs)) : this.column(scope);
  }

  private from(outer: readonly Item[], depth: number): { sql: string; items: Item[] } {
    const first = this.fromItem(outer, depth);
    if (!this.chance(3) || !this.spend()) return { sql: ` FROM ${first.sql}`, items: [first.item] };
    const second = this.fromItem(this.chance(2) ? [first.item, ...outer] : outer, depth, true);
    const items = [first.item, second.item];
    const common = first.item.columns.filter((each) => second.item.columns.includes(each));
    const shared = common.length > 0 ? this.one(common) : undefined;
    const join = this.one([
      'cross', 'cross', 'on', 'on', 'on', 'using', 'using', 'natural', 'left', 'full', 'outer', 'aliased', 'keyed',
    ] as const); // prettier-ignore
    if ((join === 'full' || join === 'outer') && shared) {
      const side = join === 'full' ? 'FULL' : this.one(['LEFT', 'RIGHT']);
      const named = this.chance(2)
        ? { sql: ' AS j', items: [...items, { alias: 'j', columns: [shared] }] }
        : { sql: '', items };
      return {
        sql: ` FROM ${first.sql} ${side} JOIN ${second.sql} USING (${shared})${named.sql}`,
        items: named.items,
      };
    }
    if (join === 'aliased' && shared) {
      const columns = [shared, ...items.flatMap((each) => each.columns.filter((name) => name !== shared))];
      const sql = ` FROM (${first.sql} JOIN ${second.sql} USING (${shared})) AS j`;
      return { sql, items: [{ alias: 'j', columns }] };
    }
    if (join === 'keyed') {
      const on = this.one(['email', 'id', shared ?? 'id']);
      return {
        sql: ` FROM ${first.sql} JOIN ${second.sql} ON ${first.item.alias}.${on} = ${second.item.alias}.${this.one([on, 'contact'])}`,
        items,
      };
    }
    if (join === 'natural') return { sql: ` FROM ${first.sql} NATURAL JOIN ${second.sql}`, items };
    if (join === 'using' && shared)
      return { sql: ` FROM ${first.sql} JOIN ${second.sql} USING (${shared})`, items };
    if (join === 'cross') return { sql: ` FROM ${first.sql}, ${second.sql}`, items };
    const kind = join === 'left' ? 'LEFT JOIN' : 'JOIN';
    return { sql: ` FROM ${first.sql} ${kind} ${second.sql} ON ${this.condition(items, 0)}`, items };
  }

  private fromItem(outer: readonly Item[], depth: number, second = false): { sql: string; item: Item } {
    const alias = `${this.one(aliasPool)}${second ? '2' : ''}`;
    const nested = depth > 0 && this.spend();
    if (nested && this.chance(3)) return this.subquery(alias, outer, depth);
    if (this.ctes.length > 0 && this.chance(2)) {
      const cte = this.one(this.ctes);
      return { sql: `${cte.alias} AS ${alias}`, item: { alias, columns: cte.columns } };
    }
    if (this.chance(12)) {
      const value = this.scalar(outer, 0);
      return { sql: `unnest(ARRAY[${value}]) AS ${alias}`, item: { alias, columns: [alias] } };
    }
    if (this.chance(12)) {
      return {
        sql: `LATERAL (VALUES (${this.scalar(outer, 0)})) AS ${alias}(x)`,
        item: { alias, columns: ['x'] },
      };
    }
    if (this.chance(12)) {
      const [sql, ...columns] = this.one([
        [`generate_series(1, 2) AS ${alias}`, alias],
        [`generate_series(1, 2) WITH ORDINALITY AS ${alias}(x, y)`, 'x', 'y'],
        [`jsonb_each('{"a": 1}') AS ${alias}`, 'key', 'value'],
        [`unnest('{a,b}'::text[]) AS ${alias}`, alias],
        [`unnest('{a,b}'::text[]) AS ${alias}(email)`, 'email'],
        [`jsonb_to_recordset('[{"id":1}]') AS ${alias}(id int, email text)`, 'id', 'email'],
        [`(VALUES (1, 'v'), (2, 'w')) AS ${alias}(id, name)`, 'id', 'name'],
        [`ROWS FROM (generate_series(1, 2), unnest('{a}'::text[])) AS ${alias}(id, email)`, 'id', 'email'],
      ]);
      return { sql: sql ?? '', item: { alias, columns } };
    }
    return this.table(alias);
  }

  private table(alias: string): { sql: string; item: Item } {
    const name = this.one([
      'customers',
      'customers',
      'customers',
      'orders',
      'products',
      'customer_view',
      'leads',
      'leads',
      'accounts',
      'accounts',
      'app.customers',
    ] as const);
    const columns = tables[name] ?? [];
    if (this.chance(4)) return { sql: name, item: { alias: name.replace('app.', ''), columns } };
    if (!this.chance(6)) return { sql: `${name} AS ${alias}`, item: { alias, columns } };
    const renamed = columns.map((_, at) => `${this.one(columnPool)}${at}`);
    return { sql: `${name} AS ${alias}(${renamed.join(', ')})`, item: { alias, columns: renamed } };
  }

  private subquery(alias: string, outer: readonly Item[], depth: number): { sql: string; item: Item } {
    const lateral = this.chance(2);
    const { sql, columns } = this.query(lateral ? outer : [], depth - 1);
    const renamed = this.chance(4) ? columns.map((_, at) => `${this.one(columnPool)}${at}`) : undefined;
    const list = renamed ? `(${renamed.join(', ')})` : '';
    return {
      sql: `${lateral ? 'LATERAL ' : ''}(${sql}) AS ${alias}${list}`,
      item: { alias, columns: renamed ?? columns },
    };
  }

  private targets(
    items: readonly Item[],
    depth: number,
    width?: number,
    scope: readonly Item[] = items,
  ): Query {
    if (width === undefined && this.chance(4)) return this.star(items);
    const parts: string[] = [];
    const columns: string[] = [];
    for (let n = width ?? 1 + this.below(3); n > 0; n--) {
      const { sql, name } = this.target(scope, depth);
      parts.push(sql);
      columns.push(name);
    }
    return { sql: parts.join(', '), columns };
  }

  private star(items: readonly Item[]): Query {
    const item = this.one(items);
    if (this.chance(2)) return { sql: `${item.alias}.*`, columns: item.columns };
    return { sql: '*', columns: items.flatMap((each) => each.columns) };
  }

  private target(scope: readonly Item[], depth: number): { sql: string; name: string } {
    const bare = this.chance(12)
      ? this.scalar(scope, depth)
      : this.chance(6)
        ? this.passing(scope, depth)
        : this.column(scope);
    if (this.chance(2)) {
      const name = this.one(columnPool);
      return { sql: `${bare} AS ${name}`, name };
    }
    return { sql: bare, name: /^[\w.]+$/.test(bare) ? (bare.split('.').at(-1) ?? bare) : '?column?' };
  }

  /** What a masked column may pass through, under its mask. */
  private passing(scope: readonly Item[], depth: number): string {
    const column = this.column(scope);
    switch (this.below(8)) {
      case 0:
        return `lower(${column})`;
      case 1:
        return `left(btrim(${column}), ${this.below(5)})`;
      case 2:
        return `substring(${column} from 2 for 3)`;
      case 3:
        return `(${column})::varchar(3)`;
      case 4:
        return `(${column} COLLATE "C")`;
      case 5:
        return depth > 0 && this.spend()
          ? `(${this.select(scope, depth - 1, 1).sql} LIMIT 1)`
          : `md5(${column})`;
      case 6:
        return `(${this.one(scope.length > 0 ? scope.map((each) => each.alias) : ['c'])}).${this.one(columnPool)}`;
      default:
        return `(SELECT ${column})`;
    }
  }

  private column(scope: readonly Item[]): string {
    if (scope.length === 0) return `'k'`;
    const item = this.one(scope);
    if (this.chance(30)) return item.alias;
    if (this.chance(60))
      return `${item.alias}.${this.one(['row_to_json', 'fullname', 'concat', 'tableoid', 'max'])}`;
    if (this.chance(90)) return `(${item.alias}).email`;
    const column = item.columns.length > 0 ? this.one(item.columns) : 'id';
    return this.chance(6) ? quoted(column) : `${item.alias}.${quoted(column)}`;
  }

  /** A column that is not masked under its own name, where there is one. */
  private plain(scope: readonly Item[]): string {
    const all = scope.flatMap(({ alias, columns }) => columns.map((each) => ({ alias, name: each })));
    const clear = all.filter(({ name }) => !['email', 'ssn', 'notes'].includes(name));
    if (clear.length === 0) return this.column(scope);
    const { alias, name } = this.one(clear);
    return `${alias}.${quoted(name)}`;
  }

  private scalar(scope: readonly Item[], depth: number): string {
    const column = this.chance(2) ? this.plain(scope) : this.column(scope);
    switch (this.below(14)) {
      case 0:
        return `upper(${column}::text)`;
      case 1:
        return `${column} || 'x'`;
      case 2:
        return `coalesce(${column}, NULL)`;
      case 3:
        return `count(${column}) OVER ()`;
      case 4:
        return `row_number() OVER (ORDER BY ${column})`;
      case 5:
        return `CASE WHEN ${this.condition(scope, 0)} THEN 1 ELSE 2 END`;
      case 6:
        return depth > 0 && this.spend() ? `((${this.query(scope, 0).sql}) LIMIT 1)` : `'y'`;
      case 7:
        return depth > 0 && this.spend() ? `EXISTS (${this.query(scope, 0).sql})` : 'NULL';
      case 8:
        return `(SELECT count(*) FILTER (WHERE ${this.condition(scope, 0)}) FROM orders)`;
      case 9:
        return `(${column})::text`;
      case 10:
        return `length(name)`;
      default:
        return this.one([`'z'`, 'NULL::text', '1', 'now() IS NULL']);
    }
  }

  private call(): string {
    const column = this.one(columnPool);
    const calls = [
      'count(*)',
      `count(${column})`,
      `min(${column})`,
      'q',
      'row_to_json(q)',
      `q.${column}`,
      'q.*',
    ];
    return this.one([...calls, `array_agg(${column})`, `count(DISTINCT ${column})`]);
  }

  private condition(scope: readonly Item[], depth: number): string {
    const column = this.chance(2) ? this.plain(scope) : this.column(scope);
    const literal = this.one([`'ana@example.com'`, `'1'`, `'CANARY-same'`]);
    switch (this.below(14)) {
      case 0:
        return `${column}::text LIKE '%1%'`;
      case 1:
        return `${column} > ${literal}`;
      case 2:
        return `${column} IN (${literal}, 'k')`;
      case 3:
        return `${column} = ANY (ARRAY[${literal}])`;
      case 4:
        return `${column} IS NOT NULL`;
      case 5:
        return `${column} IS NULL`;
      case 6:
        return `${column} = ${this.column(scope)}`;
      case 7:
        return depth > 0 && this.spend() ? `EXISTS (${this.query(scope, depth - 1).sql})` : 'true';
      case 8: {
        const one = depth > 0 && this.spend() ? this.select(scope, depth - 1, 1).sql : `SELECT 'k'`;
        return `${column} IN (${one})`;
      }
      case 9:
        return `(${this.condition(scope, 0)}) ${this.one(['AND', 'OR'])} NOT (${this.condition(scope, 0)})`;
      default:
        return `${column} = ${literal}`;
    }
  }

  private spend(): boolean {
    return this.budget-- > 0;
  }

  private below(bound: number): number {
    return this.draw(fc.nat, { max: bound - 1 });
  }

  /** True once in `n`. */
  private chance(n: number): boolean {
    return this.below(n) === 0;
  }

  private one<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

const customers: Item = { alias: 'customers', columns: tables['customers'] ?? [] };
const leads: Item = { alias: 'leads', columns: tables['leads'] ?? [] };
const orders: Item = { alias: 'o', columns: tables['orders'] ?? [] };

const quoted = (name: string): string => (/^[a-z_0-9]+$/.test(name) ? name : `"${name}"`);
