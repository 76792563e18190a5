import { describe, expect, it } from 'vitest';
import { ExpectationQueue, type Expectation } from './expectation.js';

const sync: Expectation = { kind: 'sync' };
const described: Expectation = { kind: 'describe-statement' };

describe('what the target owes', () => {
  it('keeps nothing of what has left, though a client that pipelines never lets it run dry', () => {
    const queue = new ExpectationQueue();
    queue.push(described);
    for (let n = 0; n < 200_000; n++) {
      queue.push(sync);
      queue.shift();
    }
    expect(queue.length).toBe(1);
    expect(queue.held).toBeLessThan(10_000);
    expect(queue.peek()).toBe(sync);
  });

  it('drops a million Syncs behind a COPY at once, and nothing else', () => {
    const queue = new ExpectationQueue();
    queue.push(described);
    for (let n = 0; n < 1_000_000; n++) queue.push(sync);
    queue.push(described);
    queue.push(sync);
    const began = performance.now();
    queue.dropSyncsBehindHead();
    expect(performance.now() - began).toBeLessThan(500);
    expect(queue.length).toBe(3);
  });
});
