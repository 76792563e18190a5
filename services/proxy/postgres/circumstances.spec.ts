import { describe, expect, it } from 'vitest';
import type { GateSession, TargetAddress } from '../gate/gate.js';
import { circumstancesOf } from './circumstances.js';
import { Conversation } from './conversation.js';

const orders: TargetAddress = {
  ...{ name: 'orders', host: '10.0.0.5', port: 5432, database: 'orders', user: 'svc', password: 'a' },
  ...{ tls: 'require', allowPrivileged: false, owner: 'payments' },
};
const demo: TargetAddress = { ...orders, name: 'demo', host: '127.0.0.1', port: 40_001, isHouse: true };

function of(target: TargetAddress): string {
  const session = { id: 'ses_1', target } as GateSession;
  const limits = { recordBytes: 0, settings: '[]' };
  return circumstancesOf({ conversation: new Conversation(), session, limits }, undefined);
}

describe('what an approval binds to of its target', () => {
  it.each<Partial<TargetAddress>>([
    { name: 'orders2' },
    { host: '10.0.0.6' },
    { port: 5433 },
    { database: 'other' },
    { user: 'root' },
  ])('is the address that it is registered with: %o is another', (change) => {
    expect(of({ ...orders, ...change })).not.toBe(of(orders));
  });

  it('is not the credential, which may be rotated', () => {
    expect(of({ ...orders, password: 'b', owner: 'orders-team' })).toBe(of(orders));
  });

  it('is the name alone of what Weirkeeper serves itself: its port is new at each start', () => {
    expect(of({ ...demo, port: 40_002 })).toBe(of(demo));
    expect(of({ ...demo, database: 'other' })).not.toBe(of(demo));
  });

  it('is another where somebody registers a connection under that name', () => {
    expect(of({ ...demo, isHouse: false })).not.toBe(of(demo));
    expect(of({ ...demo, isHouse: false, host: '', port: 0 })).toBe(of(demo)); // which nobody can: the schemas refuse both
  });
});
