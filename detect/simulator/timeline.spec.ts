import { topics } from '#events';
import { describe, expect, it } from 'vitest';
import type { SimulatedEvent, Step } from './model.js';
import { merge } from './timeline.js';

const event = (loggedAt: number) => ({ topic: topics.session, loggedAt }) as SimulatedEvent;
const events = (...times: number[]): Iterator<Step> => times.map((at) => ({ at, event: event(at) })).values();
const times = (...sources: Iterator<Step>[]) => [...merge(sources)].map(({ loggedAt }) => loggedAt);

describe('merge', () => {
  it('has everything, in order of time', () => {
    expect(times(events(1, 4, 9), events(), events(2, 3), events(4, 5))).toEqual([1, 2, 3, 4, 4, 5, 9]);
  });

  it('takes in what begins on the way', () => {
    const agent = [
      { at: 2, begins: events(2, 6) },
      { at: 3, begins: events(5) },
      { at: 8, begins: events() },
    ];
    expect(times(agent.values(), events(1, 4, 7, 9))).toEqual([1, 2, 4, 5, 6, 7, 9]);
  });

  it('asks a source for no more than its next step', () => {
    let asked = 0;
    function* endless(): Generator<Step> {
      for (; ; asked++) yield { at: asked, event: event(asked) };
    }
    const merged = merge([endless()]);
    for (let i = 0; i < 10; i++) merged.next();
    expect(asked).toBeLessThanOrEqual(11);
  });

  it('orders many', () => {
    const sources = Array.from({ length: 50 }, (_, i) =>
      events(...Array.from({ length: 20 }, (__, j) => i + j * 7)),
    );
    const all = times(...sources);
    expect(all).toHaveLength(1000);
    expect(all).toEqual([...all].sort((a, b) => a - b));
  });
});
