import { describe, expect, it } from 'vitest';
import { Breath } from './breath.js';

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
});
