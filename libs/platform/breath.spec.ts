import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { Breath, breathOf } from './breath.js';

function machine() {
  const times = { idle: 0, total: 0 };
  const breath = new Breath(() => ({ ...times }));
  return {
    breath,
    pass(total: number, idle: number) {
      times.total += total;
      times.idle += idle;
    },
  };
}

describe('what can wait takes a breath', () => {
  it('rests while the machine is busy, and not for ever', () => {
    const { breath, pass } = machine();
    pass(1000, 50);
    expect(breath.after(100)).toBe(900);
    pass(1000, 50);
    expect(breath.after(5000)).toBe(3000);
    pass(1000, 50);
    expect(breath.after(100, 31_000)).toBe(100);
  });

  it('goes on at once where processors are idle', () => {
    const { breath, pass } = machine();
    pass(1000, 300);
    expect(breath.after(100)).toBe(0);
  });

  it('goes on where nothing can be told', () => {
    expect(machine().breath.after(100)).toBe(0);
  });

  it('is of who shares its house with sessions: what else keeps a machine busy is no reason', () => {
    const times = vi.spyOn(os, 'cpus');
    const busy = (user: number) =>
      void times.mockReturnValue([
        { model: '', speed: 0, times: { user, nice: 0, sys: 0, idle: 0, irq: 0 } },
      ]);
    syncBuiltinESMExports();
    busy(0);
    const [shared, alone] = [breathOf(true), breathOf(false)];
    busy(1000);
    expect([shared.after(100), alone.after(100)]).toEqual([900, 0]);
    times.mockRestore();
    syncBuiltinESMExports();
  });
});
