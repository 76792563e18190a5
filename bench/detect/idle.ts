import { setTimeout as sleep } from 'node:timers/promises';
import { TestHouse } from '../../test/support/house.js';
import { childrenOf, processorSeconds } from '../processor.js';

/** Of a house, detection on or off. Seconds; `cpu`: of processors, all its processes. */
export interface HouseCost {
  readonly start: { readonly wall: number; readonly cpu: number };
  /** Per minute, once it has nothing to do. */
  readonly idle: number;
}

/** After a start something is still loaded. Milliseconds. */
const settling = 25_000;
const watched = 60_000;

/** What a house with a demo database costs: a start on a state that is there, and doing nothing. */
export async function measureHouse(detection: boolean): Promise<HouseCost> {
  const house = await TestHouse.start({ yaml: `demo: true\ndetection: { enabled: ${detection} }` });
  try {
    await house.kill('SIGTERM');
    const begun = performance.now();
    await house.up();
    const wall = (performance.now() - begun) / 1000;
    const all = () => processorSeconds([house.pid, ...childrenOf(house.pid)]);
    const start = { wall, cpu: all() };
    await sleep(settling);
    const before = all();
    await sleep(watched);
    return { start, idle: ((all() - before) * 60_000) / watched };
  } finally {
    await house.stop();
  }
}
