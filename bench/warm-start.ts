import { TestHouse } from '../test/support/house.js';

/** Seconds from `npm start`'s program to ready, audit and demo database included, on a state that is there. */
export async function measureWarmStart(): Promise<number> {
  const house = await TestHouse.start({ yaml: 'demo: true' });
  try {
    await house.kill('SIGTERM');
    const begun = performance.now();
    await house.up();
    return (performance.now() - begun) / 1000;
  } finally {
    await house.stop();
  }
}
