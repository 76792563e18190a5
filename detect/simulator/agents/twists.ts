import { isFree, type DayNumber } from '../calendar.js';
import type { Agent } from '../model.js';
import type { Random } from '../random.js';
import type { Shift } from './day.js';
import type { Rhythm } from './profiles.js';

/** Ordinary life that looks like an incident: what a detector must let pass. */
interface Twist {
  readonly name: string;
  readonly rhythms: readonly Rhythm[];
  /** On one day of one agent. */
  readonly chance: number;
  readonly when?: 'free' | 'work';
  turn(shifts: readonly Shift[], agent: Agent, random: Random): readonly Shift[];
}

const scaled = (shifts: readonly Shift[], by: number) => shifts.map((s) => ({ ...s, scale: s.scale * by }));
const later = (shifts: readonly Shift[], by: number) =>
  shifts.map((s) => ({ ...s, hours: Math.min(23.9, s.hours + by) }));
const extra = (agent: Agent, hours: number, share: number): Shift => ({
  ...{ hours, calls: Math.max(2, Math.round(agent.profile.calls * share)), scale: 1 },
});

const twists: readonly Twist[] = [
  {
    ...{ name: 'the batch is late: what it waits for is', rhythms: ['nightly', 'morning'], chance: 0.012 },
    turn: (shifts, _, random) => later(shifts, random.between(1.5, 9)),
  },
  {
    ...{ name: 'the batch failed and is run again', rhythms: ['nightly', 'morning'], chance: 0.012 },
    turn: (shifts, _, random) => [...shifts, ...later(shifts.slice(-1), random.between(0.4, 6))],
  },
  {
    ...{ name: 'a backfill: months are read again', rhythms: ['nightly', 'morning'], chance: 0.004 },
    turn: (shifts, _, random) => scaled(shifts, random.between(5, 20)),
  },
  {
    ...{ name: 'maintenance: a run is left out', rhythms: ['nightly'], chance: 0.004 },
    turn: (shifts) => shifts.slice(1),
  },
  {
    ...{ name: 'the target is away for hours, then all is caught up', rhythms: ['hourly'], chance: 0.005 },
    turn: (shifts, _, random) => {
      const [from, hours] = [random.int(0, 20), random.int(1, 3)];
      return shifts.flatMap((s, i) =>
        i >= from && i < from + hours ? [] : i === from + hours ? scaled([s], hours + 1) : [s],
      );
    },
  },
  {
    ...{ name: 'a run fails and its scheduler tries again', rhythms: ['hourly'], chance: 0.01 },
    turn: (shifts, _, random) => {
      const again = random.pick(shifts);
      const tries = random.int(1, 4);
      return [...shifts, ...Array.from({ length: tries }, (__, i) => later([again], (i + 1) / 12)).flat()];
    },
  },
  {
    ...{ name: 'a full resync after a schema change', rhythms: ['hourly'], chance: 0.0015 },
    turn: (shifts, _, random) => scaled(shifts, random.between(10, 60)),
  },
  {
    ...{ name: 'somebody works late', rhythms: ['desk', 'explore'], chance: 0.03, when: 'work' },
    turn: (shifts, agent, random) => [...shifts, extra(agent, agent.hour + random.between(9.5, 14), 0.8)],
  },
  {
    ...{ name: 'somebody works on a free day', rhythms: ['desk', 'explore'], chance: 0.025, when: 'free' },
    turn: (shifts, agent, random) => [...shifts, extra(agent, random.between(9, 20), 0.7)],
  },
  {
    ...{ name: 'a fraud case: many records, one after another', rhythms: ['desk', 'oncall'], chance: 0.004, when: 'work' },
    turn: (shifts, agent, random) => [...shifts, extra(agent, agent.hour + random.between(1, 7), random.between(4, 9))],
  },
  {
    ...{ name: 'a recall: everybody concerned is written to', rhythms: ['desk'], chance: 0.001, when: 'work' },
    turn: (shifts, agent, random) => [
      ...shifts,
      { ...extra(agent, agent.hour + random.between(1, 7), 1), scale: random.between(15, 60) },
    ],
  },
  {
    ...{ name: 'a question of the board', rhythms: ['morning', 'explore'], chance: 0.012, when: 'work' },
    turn: (shifts, agent, random) => [
      ...shifts,
      { ...extra(agent, agent.hour + random.between(3, 10), 1.5), scale: random.between(4, 12) },
    ],
  },
  {
    ...{ name: 'a legal export, with approval', rhythms: ['morning', 'explore', 'desk'], chance: 0.003, when: 'work' },
    turn: (shifts, agent, random) => [
      ...shifts,
      { hours: agent.hour + random.between(1, 8), calls: 1, scale: 1, export: true },
    ],
  },
]; // prettier-ignore

/** The day with whatever of these befalls it. */
export function twisted(
  agent: Agent,
  date: DayNumber,
  usual: readonly Shift[],
  random: Random,
): readonly Shift[] {
  let shifts = usual;
  for (const { rhythms, chance, when, turn } of twists) {
    if (!rhythms.includes(agent.profile.rhythm) || !random.chance(chance)) continue;
    if (when === undefined || (when === 'free') === isFree(agent.zone, date))
      shifts = turn(shifts, agent, random);
  }
  return shifts;
}
