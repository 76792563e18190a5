import { describe, expect, it } from 'vitest';
import { topics } from '#events';
import { Heard } from './heard.js';

const policy = { topic: topics.policy, partition: 0 };
const [first, second] = [0, 1].map((partition) => ({ topic: topics.session, partition }));

describe('how old what a tail knows is', () => {
  let now = 1000;
  const heard = () => new Heard(() => now);

  it('is unknown before anything is expected, and before all that is has been proven', () => {
    const tail = heard();
    expect(tail.age).toBe(Infinity);
    tail.expects([first!, second!]);
    tail.toEnd(first!, now);
    expect(tail.age).toBe(Infinity);
    tail.toEnd(second!, now);
    expect(tail.age).toBe(0);
  });

  it('counts from when it was asked, and by the partition that is worst off', () => {
    const tail = heard();
    tail.expects([policy, first!]);
    const asked = now;
    now += 700;
    tail.toEnd(policy, asked);
    tail.toEnd(first!, now);
    expect(tail.age).toBe(700);
    now += 300;
    expect(tail.age).toBe(1000);
    tail.toEnd(policy, now);
    expect(tail.age).toBe(300);
  });

  it('stays with the newest proof, whatever order they come in', () => {
    const tail = heard();
    tail.expects([policy]);
    tail.toEnd(policy, now);
    tail.toEnd(policy, now - 500);
    expect(tail.age).toBe(0);
  });

  it('forgets no proof when partitions are looked at anew', () => {
    const tail = heard();
    tail.expects([policy]);
    tail.toEnd(policy, now);
    tail.expects([policy]);
    expect(tail.age).toBe(0);
  });
});
