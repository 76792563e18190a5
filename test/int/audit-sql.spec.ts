import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectAuditReader,
  connectAuditStore,
  migrateAuditStore,
  type AuditStoreConfig,
  type ClickHouseClient,
} from '#audit-store';
import { ReaderPool } from '../../services/audit/sql/reader.pool.js';
import { SqlRunner } from '../../services/audit/sql/sql.runner.js';

const path = mkdtempSync(join(tmpdir(), 'weir-audit-sql-'));
const config: AuditStoreConfig = { kind: 'embedded', path };
const limits = { seconds: 20, memory: 512 << 20, resultRows: 1000, resultBytes: 4 << 20, threads: 2 };
let writer: ClickHouseClient;
let control: ClickHouseClient;
let readers: ReaderPool;
let sql: SqlRunner;
const q = async (text: string) => {
  try {
    return await sql.run(text);
  } catch (e: any) {
    return 'REFUSED ' + e.code + ' ' + e.message + (e.code === 'INTERNAL' ? e.stack : '');
  }
};
beforeAll(async () => {
  writer = connectAuditStore(config);
  await migrateAuditStore(writer);
  control = connectAuditStore(config);
  readers = new ReaderPool([await connectAuditReader(config, limits)]);
  sql = new SqlRunner({ readers, control, timeLimit: 1000, maxRows: 1000, maxBytes: 8 << 20 });
});
afterAll(async () => {
  await readers.close();
  await control.close();
  await writer.close();
  rmSync(path, { recursive: true, force: true });
});
it('x', async () => {
  for (const t of [
    'select 1',
    'select 1, 1',
    'select count() from statements',
    'select * from weir.sessions',
    'with x as (select 1 as a) select a from x',
    "select * from file('/etc/passwd')",
    'show tables',
    'describe table statements',
    'show create table weir.statements',
    'explain select 1',
    'explain plan indexes = 1 select 1 from sessions',
    "select 1 into outfile '/tmp/x'",
    'select 1 format CSV',
    'select 1 settings readonly=0',
    'select 1; select 2',
    'select sleep(1)',
    'select * from system.tables',
    'select * from weir.session_event_rows',
    'select currentUser()',
    'show databases',
    'kill query where 1',
    'set role writer',
    'select sum(sipHash64(a)) from (select arrayJoin(range(1000000)) as a) as x cross join (select arrayJoin(range(1000000)) as b) as y',
    'select 1',
    'select toStartOfHour(time) as h, count(), quantiles(0.5, 0.9)(duration_us) from statements where time > now() - interval 1 day group by h order by h with fill step interval 1 hour',
    'select x -- c\n from (select 1 as x)',
    'select number from numbers(10)',
    'select $$a;b$$',
    "select 'a' as `x y`, 1 as `x\n y`",
    'select sum(a) over (order by b) from (select 1 as a, 2 as b)',
    'select * from (values (1),(2))',
    'select a from (select 1 as a union all select 2) where a in (select 2)',
    'show grants',
    'select arrayJoin(range(5000))',
    "select repeat('a', 1000000), arrayJoin(range(10))",
    'select * from numbers(1e12)',
    'exists table x',
    'explain ast select 1',
    'explain estimate select * from sessions',
    'explain query tree select 1',
    'explain pipeline select 1',
    'explain syntax select 1',
    'explain ast drop table weir.sessions',
    "show tables like '%s%'",
    "select * from weir.sessions uuid '00000000-0000-0000-0000-000000000001'",
    'select * from x.y',
    'select 1 where 1 in system.tables',
    'select `count`(), max(`a b`) from (select 1 as `a b`)',
    '1+1',
    'select version()',
    'select hostName()',
  ])
    console.log(t, ' => ', (await q(t)).slice(0, 700));
}, 60000);
