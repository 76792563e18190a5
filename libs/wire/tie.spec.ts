import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { endGently, tie } from './tie.js';

class Socket extends Duplex {
  override _read(): void {}

  override _write(_: Buffer, __: string, done: () => void): void {
    done();
  }
}

describe('two sockets that live and die together', () => {
  it('ends when one of them had gone before anybody listened', async () => {
    const [near, far] = [new Socket(), new Socket()];
    near.destroy();
    await sleep(1);
    const side = await new Promise((resolve) => tie(near, far, (end) => resolve(end.side)));
    expect(side).toBe('near');
  });

  it('drops what still comes, up to a bound', async () => {
    const socket = new Socket();
    endGently(socket, 60_000);
    for (let i = 0; i < 3; i++) socket.push(Buffer.alloc(1024 * 1024));
    await sleep(10);
    expect(socket.destroyed).toBe(false);
    for (let i = 0; i < 3; i++) socket.push(Buffer.alloc(1024 * 1024));
    await sleep(10);
    expect(socket.destroyed).toBe(true);
  });
});
