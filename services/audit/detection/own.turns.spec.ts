import { describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import type { Detector } from './detector.check.js';
import { OwnTurns } from './own.turns.js';
import type { Unanswered } from './unanswered.js';

const due = (...names: readonly string[]): Unanswered[] =>
  names.map((name) => {
    const [id, at] = [name.slice(0, 1), Number(name.slice(1))];
    return {
      detector: { id } as Detector,
      range: { from: at, to: at + 1 },
      ...{ tries: 0, dueAt: 0 },
    };
  });
const nameOf = ({ detector, range }: Unanswered) => `${detector.id}${range.from}`;

describe("a house's own detectors", () => {
  it('each get a turn before any gets two, as long as there is time, and who did not is first', async () => {
    const clock = new ManualClock(0);
    const turns = new OwnTurns(clock);
    const asked: string[] = [];
    const slow = async (each: Unanswered) => {
      asked.push(nameOf(each));
      clock.advance(2000);
      return each.detector.id !== 'b';
    };
    const answered = await turns.take(due('a3', 'a1', 'a2', 'b1', 'c1', 'd1'), slow);
    expect(asked.splice(0)).toEqual(['a1', 'b1', 'c1']);
    expect(answered.map(nameOf)).toEqual(['a1', 'c1']);
    await turns.take(due('a2', 'a3', 'b1', 'd1'), slow);
    expect(asked.splice(0)).toEqual(['d1', 'a2', 'b1']);
  });

  it('are all asked where there is time', async () => {
    const asked: string[] = [];
    await new OwnTurns(new ManualClock(0)).take(due('b2', 'a1', 'a0'), (each) => {
      asked.push(nameOf(each));
      return Promise.resolve(true);
    });
    expect(asked).toEqual(['a0', 'b2', 'a1']);
  });
});
