import { rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '#kernel';
import { ensureServerCertificate } from '#wire';
import { eventually } from '../support/house.js';
import { compileChild } from '../support/log-writer.build.js';
import { TalkingChild } from '../support/log-writer.spawn.js';
import { configText, Stage, webhook } from './webhooks.stage.js';

let stage: Stage;
let child: ReturnType<typeof compileChild>;
beforeAll(() => {
  stage = new Stage(systemClock);
  child = compileChild('test/int/webhooks.child.ts');
});
afterAll(async () => {
  await stage.close();
  rmSync(child.directory, { recursive: true, force: true });
});

it('a gate killed in the middle of sending: the next one sends it again, under the same id, over TLS', async () => {
  const tls = join(stage.path, 'tls');
  const seen: { id: string; at: number }[] = [];
  let answers = false;
  const server = createServer(await ensureServerCertificate(tls), (request, response) => {
    seen.push({ id: String(request.headers['webhook-id']), at: Date.now() });
    if (answers) response.end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  process.env['NODE_EXTRA_CA_CERTS'] = join(tls, 'server.crt');
  const url = `https://localhost:${port}/`;
  const yaml = configText([`${webhook('chat', url)}`.replace('[127.0.0.1]', '[localhost]')]);
  const first = new TalkingChild(child.path, [stage.path, 'gate-a', yaml]);
  await first.said(1);
  const { eventId } = await stage.approvals.ask();
  await eventually(() => seen.length === 1);
  await first.kill();
  answers = true;
  // Half a minute later: until then the message is the first one's.
  const second = new TalkingChild(child.path, [stage.path, 'gate-b', yaml, '31000']);
  try {
    await second.said(1);
    await eventually(() => seen.length === 2, 15_000);
    expect(seen.map(({ id }) => id)).toEqual([eventId, eventId]);
  } finally {
    await second.kill();
    delete process.env['NODE_EXTRA_CA_CERTS'];
    server.closeAllConnections();
    server.close();
  }
}, 90_000);
