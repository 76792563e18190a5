import { isFree, isHoliday, isMonthEnd, weekdayOf, type DayNumber } from '../calendar.js';
import type { Agent } from '../model.js';
import { chanceOf, type Random } from '../random.js';
import type { Rhythm } from './profiles.js';
import { twisted } from './twists.js';

/** A session that an agent is going to open on a day. */
export interface Shift {
  /** Local, with fractions; past 24 it is the next day. */
  readonly hours: number;
  /** Statements. */
  readonly calls: number;
  /** By how much its results are larger than usual. */
  readonly scale: number;
  /** A whole table goes out, once, with a person's approval. */
  readonly export?: boolean;
}

type Day = (agent: Agent, date: DayNumber, random: Random) => readonly Shift[];

const rhythms: Readonly<Record<Rhythm, Day>> = {
  nightly: (agent, date, random) =>
    [0, 3.2].map((later) => ({
      hours: agent.hour + later + random.normal(0, 0.06),
      calls: callsOf(agent, random, 0.08),
      scale: isMonthEnd(date) ? random.between(1.5, 4) : 1,
    })),
  hourly: (agent, date, random) =>
    hoursOfDay.map((at) => ({
      hours: at + agent.hour + random.normal(0, 0.004),
      calls: callsOf(agent, random, 0.15),
      scale: traffic(date, at - agent.zone.standard),
    })),
  desk: (agent, date, random) => {
    if (isFree(agent.zone, date) || isAway(agent, date)) return [];
    const shifts = Math.round(random.between(5, 9) * busy(date));
    return Array.from({ length: shifts }, () => atDesk(agent, random, 8.4, 0.45));
  },
  morning: (agent, date, random) => {
    const closing = isMonthEnd(date);
    if ((isFree(agent.zone, date) || isHoliday(agent.zone, date)) && !closing) return [];
    const scale = closing ? random.between(2, 7) : weekdayOf(date) === 1 ? 1.8 : 1;
    const runs = closing ? [0, 2, 5, 9.5] : [0, 2.5, 6];
    return runs.map((later) => ({
      hours: agent.hour + later + Math.abs(random.normal(0, 0.15)),
      calls: callsOf(agent, random, 0.2),
      scale,
    }));
  },
  oncall: (agent, date, random) => {
    const watch: Shift = {
      hours: agent.hour + random.next(),
      calls: callsOf(agent, random, 0.3),
      scale: 0.5,
    };
    const check = isFree(agent.zone, date) ? [] : [watch];
    const isOnDuty = (Math.floor((date + 3) / 7) + agent.index) % 4 === 0;
    if (!random.chance(isOnDuty ? 0.3 : 0.02)) return check;
    const alarm = random.between(19, 30);
    const tries = random.int(1, 4);
    const nights = Array.from({ length: tries }, (_, i) => ({
      hours: alarm + i * random.between(0.2, 0.7),
      calls: callsOf(agent, random, 0.7),
      scale: random.lognormal(1.2, 0.7),
    }));
    return [...check, ...nights];
  },
  deploys: (agent, date, random) => {
    const smoke: Shift = { hours: 23 + agent.hour / 24, calls: 8, scale: 1 };
    if (isFree(agent.zone, date) || random.chance(0.35)) return [smoke];
    const runs = random.int(1, 5);
    return [
      smoke,
      ...Array.from({ length: runs }, () => ({
        ...{ hours: random.between(9, 18.5), calls: callsOf(agent, random, 0.5), scale: 1 },
      })),
    ];
  },
  explore: (agent, date, random) => {
    if (isFree(agent.zone, date) || isAway(agent, date) || random.chance(0.2)) return [];
    const shifts = random.int(1, 6);
    return Array.from({ length: shifts }, () => atDesk(agent, random, 9.5, 0.9));
  },
};

/** What an agent does on a local day, in order of time. */
export function shiftsOf(agent: Agent, date: DayNumber, random: Random): readonly Shift[] {
  const usual = rhythms[agent.profile.rhythm](agent, date, random);
  return [...twisted(agent, date, usual, random)].sort((a, b) => a.hours - b.hours);
}

/** A session of somebody at work, between `agent.hour` and `span` hours later, at lunch more rarely. */
function atDesk(agent: Agent, random: Random, span: number, sigma: number): Shift {
  const into = random.chance(0.5) ? random.normal(0.28, 0.12) : random.normal(0.72, 0.13);
  const hours = agent.hour + span * Math.min(1.05, Math.max(0, into));
  return { hours, calls: callsOf(agent, random, sigma), scale: random.lognormal(1, 0.25) };
}

function callsOf({ profile, activity }: Agent, random: Random, sigma: number): number {
  // How much a machine sends follows from its program more than from its load.
  const own = profile.forPeople ? activity : Math.sqrt(activity);
  return Math.max(1, Math.round(random.lognormal(profile.calls * own, sigma)));
}

/** Of a day: campaigns, outages elsewhere, Mondays. Shared by all, as it is in life. */
function busy(date: DayNumber): number {
  const campaign = chanceOf(Math.floor(date / 2), 4711) < 0.05 ? 2.2 : 1;
  return campaign * (weekdayOf(date) === 1 ? 1.25 : 1);
}

function traffic(date: DayNumber, utcHour: number): number {
  const daylight = 0.55 + 0.45 * Math.cos(((utcHour - 14) / 12) * Math.PI);
  return busy(date) * (0.3 + daylight) * (weekdayOf(date) % 6 === 0 ? 0.6 : 1);
}

/** A week off, now and then. */
function isAway({ index }: Agent, date: DayNumber): boolean {
  return chanceOf(index, Math.floor((date + 3) / 7), 9) < 0.06;
}

const hoursOfDay = Array.from({ length: 24 }, (_, at) => at);
