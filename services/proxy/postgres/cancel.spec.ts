import { describe, expect, it, vi } from 'vitest';
import { CancelRegistry } from './cancel.js';

const place = { index: 0, forwardCancel: () => Promise.resolve(false) };

describe('cancel keys', () => {
  it('reach their own session, and resolve once it is done', async () => {
    const registry = new CancelRegistry(place);
    let done = false;
    const session = registry.register(async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      done = true;
    });
    const other = vi.fn(async () => undefined);
    registry.register(other);
    expect(await registry.cancel(session.key)).toBe(true);
    expect(done).toBe(true);
    expect(other).not.toHaveBeenCalled();
  });

  it('do nothing where the secret is false, of another length, or the session gone', async () => {
    const registry = new CancelRegistry(place);
    const cancel = vi.fn(async () => undefined);
    const { key, release } = registry.register(cancel);
    const wrong = Buffer.from(key.secret);
    wrong[3]! ^= 1;
    expect(await registry.cancel({ ...key, secret: wrong })).toBe(false);
    expect(await registry.cancel({ ...key, secret: Buffer.alloc(0) })).toBe(false);
    expect(await registry.cancel({ ...key, pid: key.pid ^ 1 })).toBe(false);
    release();
    expect(await registry.cancel(key)).toBe(false);
    expect(cancel).not.toHaveBeenCalled();
    expect(registry.size).toBe(0);
  });

  it('come one at a time to a session, however many are sent, and none is lost', async () => {
    const registry = new CancelRegistry(place);
    let open = 0;
    let most = 0;
    let begun = 0;
    const { key } = registry.register(async () => {
      begun++;
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
    });
    const first = registry.cancel(key);
    await Promise.all([first, ...Array.from({ length: 1_000 }, () => registry.cancel(key))]);
    expect({ most, begun }).toEqual({ most: 1, begun: 2 });
    await registry.cancel(key);
    expect(begun).toBe(3);
  });

  it('are four bytes, as protocol 3.0 has them, and differ', () => {
    const registry = new CancelRegistry(place);
    const keys = Array.from({ length: 100 }, () => registry.register(async () => undefined).key);
    expect(new Set(keys.map(({ pid }) => pid)).size).toBe(100);
    expect(new Set(keys.map(({ secret }) => secret.toString('hex'))).size).toBeGreaterThan(95);
    expect(keys.every(({ secret, pid }) => secret.length === 4 && pid > 0)).toBe(true);
  });
});
