import { Duplex, PassThrough } from 'node:stream';
import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { ConnectionClosed, ExactReader } from './exact.reader.js';
import { Lane, throttle } from './lane.js';
import { Outbox } from './outbox.js';
import { tie } from './tie.js';

/** A socket whose other side reads only when told to. */
class SlowSocket extends Duplex {
  readonly writes: Buffer[] = [];
  private pending: (() => void)[] = [];
  slow = false;

  override _read(): void {}

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.writes.push(chunk);
    if (this.slow) this.pending.push(done);
    else done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', done);
  }

  drain(): void {
    this.slow = false;
    for (const done of this.pending.splice(0)) done();
  }
}

describe('Outbox', () => {
  it('writes what one read produced in one write, and neighbouring slices without a copy', () => {
    const socket = new SlowSocket();
    const outbox = new Outbox(socket);
    const chunk = Buffer.from('abcdefgh');
    outbox.pushSlice(chunk, 0, 3);
    outbox.pushSlice(chunk, 3, 8);
    outbox.flush();
    expect(socket.writes).toHaveLength(1);
    expect(socket.writes[0]).toBe(chunk);
    outbox.pushSlice(chunk, 0, 2);
    outbox.push(Buffer.from('--'));
    outbox.pushSlice(chunk, 6, 8);
    outbox.pushSlice(chunk, 6, 6);
    outbox.flush();
    expect(socket.writes).toHaveLength(2);
    expect(socket.writes[1]!.toString()).toBe('ab--gh');
    expect(outbox.written).toBe(14);
    expect(outbox.pending).toBe(0);
  });

  it('drops what is meant for a socket that is gone', () => {
    const socket = new SlowSocket();
    const outbox = new Outbox(socket);
    socket.destroy();
    outbox.push(Buffer.from('late'));
    outbox.flush();
    expect(socket.writes).toEqual([]);
    expect(outbox.congested).toBe(false);
  });
});

describe('Lane', () => {
  function lane(highWater = 64 * 1024) {
    const source = new PassThrough();
    const socket = new SlowSocket();
    const outbox = new Outbox(socket, highWater);
    const errors: unknown[] = [];
    const take = (chunk: Buffer) => {
      outbox.push(chunk);
      outbox.flush();
      throttle(outbox, 'congested', [relay]);
      return undefined;
    };
    const relay: Lane = new Lane(source, take, (error) => errors.push(error));
    return { source, socket, outbox, relay, errors };
  }

  it('stops reading while the other side does not take it, and goes on when it does', async () => {
    const { source, socket, relay } = lane();
    relay.start();
    socket.slow = true;
    let offered = 0;
    for (let i = 0; i < 100; i++) {
      if (source.write(Buffer.alloc(16 * 1024))) offered += 1;
      await tick();
    }
    expect(relay.paused).toBe(true);
    expect(socket.writableLength).toBeLessThanOrEqual(64 * 1024 + 32 * 1024);
    socket.drain();
    await tick();
    await tick();
    expect(relay.paused).toBe(false);
    expect(socket.writes.reduce((sum, { length }) => sum + length, 0)).toBe(100 * 16 * 1024);
    expect(offered).toBeLessThan(100);
  });

  it('waits until every reason to pause is gone', async () => {
    const { source, socket, relay } = lane();
    relay.pause('hold');
    relay.start();
    relay.pause('approval');
    source.write('x');
    relay.resume('hold');
    relay.resume('hold');
    await tick();
    expect(socket.writes).toEqual([]);
    relay.resume('approval');
    await tick();
    expect(socket.writes.join('')).toBe('x');
  });

  it('hands a part that was given back again, before what came after it', async () => {
    const source = new PassThrough();
    const taken: string[] = [];
    const relay: Lane = new Lane(
      source,
      (chunk) => {
        taken.push(chunk.toString());
        if (taken.length > 1) return undefined;
        relay.pause('busy');
        return chunk.subarray(1);
      },
      () => undefined,
    );
    relay.start();
    source.write('ab');
    await tick();
    source.write('c');
    relay.resume('busy');
    await tick();
    expect(taken).toEqual(['ab', 'b', 'c']);
  });

  it('stops at the first error of its handler', async () => {
    const source = new PassThrough();
    const errors: unknown[] = [];
    let calls = 0;
    const failing = () => {
      calls += 1;
      throw new Error('broken');
    };
    new Lane(source, failing, (error) => errors.push(error)).start();
    source.write('a');
    await tick();
    source.write('b');
    await tick();
    expect([calls, errors.length]).toEqual([1, 1]);
  });
});

describe('tie', () => {
  it.each<[string, (near: SlowSocket, far: SlowSocket) => void, string]>([
    ['end of file of one', (near) => near.push(null), 'near'],
    ['an error of the other', (_, far) => far.destroy(new Error('reset')), 'far'],
    ['a close without a word', (near) => near.destroy(), 'near'],
  ])('ends both sides exactly once after %s', async (_, cause, side) => {
    const [near, far] = [new SlowSocket(), new SlowSocket()];
    near.resume();
    far.resume();
    const onEnd = vi.fn();
    const tied = tie(near, far, onEnd, 20);
    cause(near, far);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(onEnd.mock.calls[0]![0]).toMatchObject({ side });
    expect([near.destroyed, far.destroyed]).toEqual([true, true]);
    near.emit('error', new Error('late'));
    tied.end();
    expect(onEnd).toHaveBeenCalledTimes(1);
  });

  it('lets pending bytes out before it closes', async () => {
    const [near, far] = [new SlowSocket(), new SlowSocket()];
    near.slow = true;
    near.write('first');
    near.write('the reason');
    tie(near, far, () => undefined, 1000).end();
    expect(near.destroyed).toBe(false);
    near.drain();
    await tick();
    expect(near.writes.join('')).toBe('firstthe reason');
  });
});

describe('ExactReader', () => {
  it('takes exactly what it is asked for, and leaves the rest', async () => {
    const stream = new PassThrough();
    const reader = new ExactReader(stream);
    const first = reader.read(4);
    stream.write('ab');
    await tick();
    stream.write('cdefg');
    expect((await first).toString()).toBe('abcd');
    expect((await reader.read(0)).length).toBe(0);
    expect((await reader.read(1)).toString()).toBe('e');
    reader.release();
    expect(stream.readableLength).toBe(2);
    const rest: string[] = [];
    stream.on('data', (chunk: Buffer) => rest.push(chunk.toString()));
    await tick();
    expect(rest.join('')).toBe('fg');
  });

  it('rejects at end of file, on an error, and when it is aborted', async () => {
    const ended = new PassThrough();
    const reader = new ExactReader(ended);
    ended.end('abc');
    await expect(reader.read(4)).rejects.toMatchObject({ partial: 3 });
    await expect(reader.read(1)).rejects.toBeInstanceOf(ConnectionClosed);

    const broken = new PassThrough();
    const read = new ExactReader(broken).read(1);
    broken.destroy(new Error('reset'));
    await expect(read).rejects.toThrow('reset');

    const abort = new AbortController();
    const waiting = new ExactReader(new PassThrough(), abort.signal).read(1);
    abort.abort(new Error('too late'));
    await expect(waiting).rejects.toThrow('too late');
  });
});
