import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/house.js';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp.receiver.js';
import { peer } from '../support/peers.js';
import { leaksIn } from './canaries.js';
import { Stage } from './stage.js';

const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
const secret = 'trace-canary-51d0e2';

describe.skipIf(!peer('postgres'))('traces of a whole instance', { timeout: 90_000 }, () => {
  let receiver: OtlpReceiver;
  let stage: Stage;
  let token: string;

  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    const traces = `observability: { traces: { otlp: "${receiver.url}", sample: 1 } }`;
    stage = await Stage.build({ yaml: traces });
    await aSession();
    // Stored, and every process has sent what it had.
    await eventually(() => receiver.spans.some(({ name }) => name.startsWith('store ')), 30_000);
    await eventually(() => spans('session').length > 0, 30_000);
  }, 120_000);
  afterAll(async () => {
    await stage.down();
    await receiver.stop();
  });

  async function aSession(): Promise<void> {
    const address = await stage.address();
    token = address.password;
    const client = new pg.Client({
      ...address,
      user: `${secret}-user`,
      application_name: `${secret}-program`,
    });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query(
      `select name, email from customers where id <> 77${'7'.repeat(9)} and id < $1`,
      [4],
    );
    expect(rows).toHaveLength(3);
    await expect(client.query(`drop table "${secret}-table"`)).rejects.toThrow('schema');
    await expect(
      client.query(`select '${secret}' from nowhere_${secret.replaceAll('-', '_')}`),
    ).rejects.toThrow('not');
    await expect(client.query(`select 1 / 0 as "${secret}"`)).rejects.toThrow('division');
    const held = client.query(`update tickets set title = '${secret}' where id = 1`);
    await stage.house.decide(await stage.house.pendingApproval(), 'approve', `${secret}-reason`);
    await held;
    await client.end();
  }

  const spans = (name: string) => receiver.spans.filter((span) => span.name === name);
  const under = ({ traceId, spanId }: ReceivedSpan) =>
    receiver.spans.filter((span) => span.traceId === traceId && span.parentSpanId === spanId);
  const idsOf = ({ traceId, spanId }: ReceivedSpan) => ({ traceId, spanId });

  it('have a statement with its decision, its target and what was masked, by the stable names', () => {
    const [statement, ...others] = spans('SELECT public.customers');
    expect(others).toEqual([]);
    expect(statement).toMatchObject({
      ...{ process: 'gate', kind: kinds.server, parentSpanId: '', isError: false },
      attributes: {
        'db.system.name': 'postgresql',
        'db.namespace': 'orders',
        'db.operation.name': 'SELECT',
        'db.collection.name': 'public.customers',
        'db.query.summary': 'SELECT public.customers',
        'weir.decision': 'allow',
        'weir.outcome': 'ok',
        'weir.rows': 3,
        'weir.masked.values': 3,
        'weir.masked.classes': 'email',
      },
    });
    const [decide, target] = under(statement!).toSorted((a, b) => Number(a.start - b.start));
    expect([decide?.name, target?.name, target?.kind]).toEqual(['decide', 'target', kinds.client]);
    expect(target!.attributes).toMatchObject({
      'db.system.name': 'postgresql',
      'db.operation.name': 'SELECT',
    });
    expect(decide!.start).toBe(statement!.start);
    expect(target!.start).toBeGreaterThanOrEqual(decide!.end);
    expect(target!.end).toBeLessThanOrEqual(statement!.end);
  });

  it('have a refusal without a target, an error of the target with its SQLSTATE, a wait for a person', () => {
    const refused = spans('DROP').find(({ attributes }) => attributes['weir.decision'] === 'deny');
    const sqlstate = { 'error.type': '42501', 'db.response.status_code': '42501' };
    expect(refused).toMatchObject({ isError: true, attributes: { ...sqlstate, 'weir.outcome': 'denied' } });
    expect(under(refused!).map(({ name }) => name)).not.toContain('target');
    const failed = receiver.spans.find(({ attributes }) => attributes['db.response.status_code'] === '22012');
    expect(failed).toMatchObject({ isError: true, attributes: { 'error.type': '22012' } });
    const held = spans('UPDATE public.tickets').find((span) =>
      under(span).some(({ name }) => name === 'hold'),
    );
    const [hold] = under(held!).filter(({ name }) => name === 'hold');
    const [target] = under(held!).filter(({ name }) => name === 'target');
    expect(hold!.attributes).toMatchObject({ 'weir.hold.outcome': 'approved' });
    expect(target!.start).toBeGreaterThanOrEqual(hold!.end);
  });

  it('lead from the session to its statements, and from these through the log into the store', () => {
    const [session] = spans('session');
    const [statement] = spans('SELECT public.customers');
    expect(session!.attributes['weir.session.id']).toBe(statement!.attributes['weir.session.id']);
    expect(statement!.links).toMatchObject([idsOf(session!)]);
    for (const [step, process, kind] of [
      ['ship', 'gate', kinds.producer],
      ['store', 'audit', kinds.consumer],
    ] as const) {
      const batches = spans(`${step} weir.session.v1`);
      const about = batches.find(({ links }) => links.some(({ spanId }) => spanId === statement!.spanId));
      expect(about).toMatchObject({ process, kind });
      expect(about!.links.every(({ traceId }) => /^[0-9a-f]{32}$/.test(traceId))).toBe(true);
    }
  });

  it('hold no literal, parameter, value, name that a client made up, token, or address of a target', () => {
    expect(receiver.raw).toContain('db.query.summary');
    expect(leaksIn(Buffer.from(receiver.raw), stage.canaries)).toEqual([]);
    const { host, port, password } = stage.postgres;
    for (const needle of [
      secret,
      secret.replaceAll('-', '_'),
      '777777777',
      token,
      password,
      `${host}:${port}`,
      'svc_orders',
    ])
      expect(receiver.raw).not.toContain(needle);
    expect(receiver.raw).not.toContain(`"${port}"`);
    expect(receiver.raw).not.toContain('dev-agent');
  });

  it('leave the record whole: it verifies, and raw events carry the context', async () => {
    const [statement] = spans('SELECT public.customers');
    const [row] = await stage.house.sql(
      `select countIf(position(base64Decode(raw), '${statement!.traceId}') > 0) as n from session_events`,
    );
    expect(Number(row!['n'])).toBeGreaterThanOrEqual(2);
    await eventually(async () => (await stage.house.weir('verify')).code === 0, 60_000);
  });
});
