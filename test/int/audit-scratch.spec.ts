import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'vitest';
import { create, toBinary } from '@bufbuild/protobuf';
import { connectAuditStore, migrateAuditStore } from '#audit-store';
import { newEvent, encodeEnvelope, decodeEnvelope, StatementReceivedSchema, StatementOutcomeSchema, SessionStartedSchema, topics, LinkSchema } from '#events';
import { systemClock } from '#kernel';
import type { EventLog, LoggedEvent } from '#event-log';
import { Ingest } from '../../services/audit/ingest/ingest.js';
import { sessionBatch } from '../../services/audit/ingest/event.batch.js';
import { SessionBook } from '../../services/audit/ingest/session.book.js';
function make(n: number): LoggedEvent[] {
  const out: LoggedEvent[] = [];
  let seqs = new Map<string, bigint>();
  for (let i = 0; i < n; i++) {
    const sid = 'ses_' + String(i % 8);
    const seq = (seqs.get(sid) ?? 0n) + 1n; seqs.set(sid, seq);
    const o = { source: 'proxy/x', subject: sid, clock: systemClock };
    const stm = 'stm_' + (sid) + '_' + String(seq / 2n);
    const dr = Buffer.concat([Buffer.from([0x44, 0,0,0,16, 0,1, 0,0,0,6]), Buffer.from('abcdef')]);
    const e = seq === 1n ? newEvent(SessionStartedSchema, { sessionId: sid, principal: { id: 'corp:a', kind: 'agent', groups: ['agents'] }, connection: 'orders', protocol: 'postgres', sourceAddress: '10.0.0.1:2', clientProgram: 'pgbench' }, o)
      : seq % 2n === 0n ? newEvent(StatementReceivedSchema, { statementId: stm, textHash: Buffer.alloc(32, 1), text: 'SELECT abalance FROM pgbench_accounts WHERE aid = $1;', fingerprint: 'abcdef0123', how: 'extended', kinds: ['select'], reads: [{ schema: 'public', name: 'pgbench_accounts' }], columns: [{ schema: 'public', table: 'pgbench_accounts', column: 'abalance' }], parameters: [{ value: '1234' }], decision: 'allow', policyIds: ['base-reads'], snapshot: 'abcabcabc', maxRows: 10000n }, o)
      : newEvent(StatementOutcomeSchema, { statementId: stm, status: 'ok', commandTag: 'SELECT 1', rows: 1n, bytes: 40n, durationUs: 300n, resultDigest: Buffer.alloc(32, 2), result: { statementId: stm, columns: [{ name: 'abalance', typeOid: 23 }], frames: dr, rowCount: 1 } }, o);
    e.link = create(LinkSchema, { seq, prev: Buffer.alloc(32), hash: Buffer.alloc(32, 3), salt: Buffer.alloc(16) });
    const raw = encodeEnvelope(e);
    out.push({ position: { topic: topics.session, partition: 0, offset: i }, appendedAt: Date.now(), envelope: decodeEnvelope(raw), raw });
  }
  return out;
}
it('x', async () => {
  const path = mkdtempSync(join(tmpdir(), 'audit-'));
  const c = connectAuditStore({ kind: 'embedded', path });
  await migrateAuditStore(c);
  const N = 100_000;
  console.time('make'); const events = make(N); console.timeEnd('make');
  console.time('decode only'); for (const e of events) decodeEnvelope(e.raw); console.timeEnd('decode only');
  let cpu = process.cpuUsage(); console.time('rows'); 
  { const book = new SessionBook(); for (let i=0;i<8;i++) book.set('ses_'+i, {highWater:0n,identity:'',identityKind:'',onBehalfOf:'',connection:'',protocol:'',sourceAddress:'',clientProgram:'',clientUser:'',resultFormats:[]}); let bytes=0; for (let i=0;i<N;i+=10000) { const b = sessionBatch(events.slice(i,i+10000), book); for (const l of b.rows) bytes+=l.length; if (b.deadLetters.length) console.log(b.deadLetters[0]); } console.log('bytes/row', bytes/N); }
  console.timeEnd('rows'); console.log('cpu', process.cpuUsage(cpu));
  const log = { read: async (after: any, limit: number) => after.topic === topics.session ? events.slice(after.offset + 1, after.offset + 1 + limit) : [], end: async () => [] } as unknown as EventLog;
  cpu = process.cpuUsage();
  const t = performance.now();
  let done = 0;
  await new Promise<void>((resolve) => {
    const ingest = new Ingest({ log, client: c, onBatch: (b) => { done += b.rows; if (done >= N) resolve(); }, onError: (e) => console.log(e), onRetry: (e) => console.log(e) });
    void ingest.start();
  });
  const u = process.cpuUsage(cpu); const wall = performance.now() - t;
  console.log('wall', wall, 'ev/s', N / wall * 1000, 'cpu ms', (u.user + u.system) / 1000, 'ev/s per core', N / ((u.user + u.system) / 1e6));
  const q = async (s: string) => { console.time(s); try { console.log(s, JSON.stringify(await (await c.query({ query: s, format: 'JSONEachRow' })).json()).slice(0, 3000)); } catch (e) { console.log(s, String(e)); } console.timeEnd(s); };
  await q('select count() c from weir.session_events');
  await q('select count() c from weir.statements');
  await q('select toStartOfHour(time) h, count() from weir.statements group by h');
  await q('select identity, sum(rows) from weir.statements group by 1');
  await q('select * from weir.statements limit 1');
  await q('select * from weir.session_events where seq=3 limit 1');
  await q('select * from weir.sessions limit 1');
  await q("select name, value from system.merge_tree_settings where name like '%fsync%' and changed");
  await q("select sum(data_compressed_bytes)/sum(rows), count() from system.parts where active");
  await c.close();
}, 30000);
