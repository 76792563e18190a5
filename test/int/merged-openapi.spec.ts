import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mergedOpenApi } from '../../services/all/merged-openapi.js';

const document = JSON.stringify({ paths: { '/api/sql': {} }, components: { schemas: { Row: {} } } });
const own = { paths: { '/api/approvals': {} }, components: { schemas: { Item: {} } } };

describe('the document of both processes', () => {
  let folder = '';
  let audit: Server;
  let gate: Server;
  let answer: RequestListener;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'weir-openapi-'));
    const socket = join(folder, 'audit.sock');
    audit = createServer((request, response) => answer(request, response));
    await new Promise<void>((done) => audit.listen(socket, done));
    const { handle } = mergedOpenApi(() => own, socket);
    gate = createServer((request, response) => handle(request, response));
    await new Promise<void>((done) => gate.listen(0, '127.0.0.1', done));
  });
  afterEach(async () => {
    for (const server of [gate, audit]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
    rmSync(folder, { recursive: true, force: true });
  });

  async function paths(): Promise<string[]> {
    const { port } = gate.address() as AddressInfo;
    const answered = await fetch(`http://127.0.0.1:${port}`, { signal: AbortSignal.timeout(8_000) });
    return Object.keys(((await answered.json()) as typeof own).paths).toSorted();
  }

  it.each<[string, RequestListener]>([
    [
      'dies in the middle of its answer',
      (_, response) => {
        response.writeHead(200, { 'content-length': document.length });
        response.write(document.slice(0, 10), () => response.destroy());
      },
    ],
    [
      'says a byte now and then, and never ends',
      (_, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write(' '), 300);
        response.once('close', () => clearInterval(drip));
      },
    ],
    ['is still starting', (_, response) => void response.writeHead(503).end('{"status":503}')],
    ['says what is no document', (_, response) => void response.end('<html>')],
  ])('has the gate’s part while the audit process %s, and both once it answers', async (_, trouble) => {
    answer = trouble;
    expect(await paths()).toEqual(['/api/approvals']);
    answer = (_request, response) => void response.end(document);
    expect(await paths()).toEqual(['/api/approvals', '/api/sql']);
    answer = trouble; // and keeps it
    expect(await paths()).toEqual(['/api/approvals', '/api/sql']);
  });
});
