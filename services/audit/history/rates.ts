import type { Interval } from './share.js';

/** So many in so many weeks of one agent, as so many per 100 agents per week, with its 95 % interval (Byar's, of Poisson's). */
export function ratePerWeek(count: number, agentWeeks: number): Interval & { readonly count: number } {
  const per = (n: number) => (agentWeeks > 0 ? (n * 100) / agentWeeks : 0);
  return { count, value: per(count), low: per(byar(count, -1)), high: per(byar(count + 1, 1)) };
}

const z = 1.96;

function byar(n: number, sign: 1 | -1): number {
  return n === 0 ? 0 : n * (1 - 1 / (9 * n) + (sign * z) / (3 * Math.sqrt(n))) ** 3;
}
