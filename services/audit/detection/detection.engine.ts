import type { Position } from '#event-log';
import { writeActivity } from './activity.js';
import { writeBaselines } from './baselines.js';
import { daysOf, rangesOf, type DetectionStore } from './detect.js';
import type { EngineOptions } from './detection.options.js';
import type { Detector } from './detector.check.js';
import type { DetectorHeader } from './detector.file.js';
import { isAsked, mostUrgentFirst, type NewsOf } from './detector.news.js';
import { runDetector } from './detector.run.js';
import { expectStore } from './detectors.load.js';
import { writeFeatures } from './features.js';
import { readMarks, writeMarks, type Mark } from './marks.js';
import { readHours, readHouseNews, readNews } from './news.js';
import { OwnQuestions } from './own.questions.js';
import { isToMakeAnew, madeAnew, staleMarks } from './stale.days.js';
import { dayMs, dayOf, hourOf, overlap, type TimeRange } from './store.sql.js';
import {
  answeredMarks,
  failedMarks,
  forgotten,
  isOver,
  postponedMarks,
  unansweredOf,
  withoutUnanswered,
  type Unanswered,
} from './unanswered.js';

type Schedule = DetectorHeader['schedule'];

/** What is over, and what has to be stored before it is looked at: what the log had when that was noticed, not what comes meanwhile. */
interface Awaited {
  readonly hour: number;
  readonly day: number;
  readonly ends: readonly Position[];
}

const past = ['hour', 'day'] as const;

/** Of one round; the next goes on. */
const mostSteps = 10;
/** Milliseconds after an hour or a day in which what belongs to it may still come. */
const grace = 120_000;
/** After a start, and after late events, in which checkpoints come to cover what stands there: they are made at least each 50 s. */
const settling = 120_000;
/** Of a record that is older than detection itself: findings of the last day alone. Milliseconds. */
const lookBack = dayMs;
/** Nobody looks back further at what did not happen. Milliseconds. */
const mostDue = 28 * dayMs;

/**
 * What is new in the store, into features, through detectors, into findings. Those of the stream come first, of what was touched;
 * those of hours and days when these are over. All of it may run again: buckets are replaced, findings have their ids; the marks
 * come last.
 */
export class DetectionEngine {
  readonly #detectors: readonly Detector[];
  /** Days whose baselines stand. */
  readonly #baselines = new Set<number>();
  #marks: Map<string, Mark> | undefined;
  /** From when on it can be told of past hours what is missing in them. */
  #settledAt: number | undefined;
  #hasMore = false;
  #awaited: Awaited | undefined;
  readonly #own: OwnQuestions;
  /** Marks are written one after another: the last word on one counts. */
  #written: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: EngineOptions) {
    this.#detectors = mostUrgentFirst(options.detectors);
    this.#own = new OwnQuestions({
      due: () => (options.signal?.aborted ? [] : this.#due(true)),
      ask: (each) => this.#askOnce(each),
      onAnswered: (each) => this.#mark(answeredMarks(each)),
      ...(options.rest && { rest: options.rest }),
    });
  }

  /** Another process may have gone on meanwhile. */
  forget(): void {
    this.#marks = undefined;
    this.#settledAt = undefined;
    this.#awaited = undefined;
    this.#baselines.clear();
  }

  /** Whether the last round left some of what was there; what the house's own are asked for goes on by itself. */
  get hasMore(): boolean {
    return this.#hasMore || this.#due(false).length > 0;
  }

  /** Resolves once the house's own are not being asked; until the next round. */
  async settled(): Promise<void> {
    await this.#own.settled();
  }

  /** How many hours (or days) a detector has not answered for and is to be asked for again, by its id. */
  waiting(): ReadonlyMap<string, number> {
    const counts = new Map(this.#detectors.map(({ id }) => [id, 0]));
    for (const { detector } of this.#unanswered())
      counts.set(detector.id, (counts.get(detector.id) ?? 0) + 1);
    return counts;
  }

  /** Returns how many events it worked in. */
  async round(): Promise<number> {
    const { store, clock } = this.options;
    const now = clock.now();
    this.#settledAt ??= now + settling;
    this.#marks ??= new Map(await readMarks(store.writer));
    // Before news are read: what is stored by now is in them.
    const over = await this.#isOver(now);
    const events = await this.#workIn(now);
    // Of half a record baselines would be made, and they stay.
    if (this.#isBegun || !this.#hasMore) {
      await this.#lookAtHouse(now);
      if (!this.#isBegun) await this.#begin(now);
    }
    if (over && !this.#hasMore) await this.#lookAtPast(over, now);
    await this.#askAgain(now);
    this.#own.goOn();
    return events;
  }

  async #workIn(now: number): Promise<number> {
    const { writer } = this.options.store;
    let events = 0;
    this.#hasMore = true;
    for (let step = 0; step < mostSteps && this.#hasMore; step++) {
      this.options.signal?.throwIfAborted();
      const news = await readNews(writer, this.#marks ?? new Map());
      this.#hasMore = news?.isCut ?? false;
      if (!news) break;
      if (news.events > 0) {
        await writeActivity(writer, news.choice);
        await writeFeatures(writer, news);
        if (this.#isBegun) {
          await this.#mark(staleMarks(this.#marks ?? new Map(), news.hours, now));
          await this.#detect('sessions', news.hours);
        }
        events += news.events;
      }
      await this.#mark([...news.marks, ...this.#again(news.hours, now)]);
    }
    return events;
  }

  async #lookAtHouse(now: number): Promise<void> {
    const { hours, marks } = await readHouseNews(this.options.store.writer, this.#marks ?? new Map());
    await this.#detect('house', this.#isBegun ? hours : hours.filter((hour) => hour >= now - lookBack));
    if (marks.size > 0) await this.#mark([...marks, ...this.#again(hours, now)]);
  }

  get #isBegun(): boolean {
    return this.#marks?.has('began') ?? false;
  }

  /** What stood here before detection was begun with has been worked in: findings of its last day, and then of what comes. */
  async #begin(now: number): Promise<void> {
    await this.#detect('sessions', await readHours(this.options.store.writer, hourOf(now - lookBack)));
    await this.#mark([
      ['began', { place: 0, at: now }],
      ['hour', { place: 0, at: hourOf(now - grace) }],
      ['day', { place: 0, at: dayOf(now - grace) }],
    ]);
  }

  /** Those of the stream. */
  async #detect(news: NewsOf, touched: readonly number[]): Promise<void> {
    for (const range of rangesOf(touched)) await this.#run('stream', range, news);
  }

  /** Hours and days that are past are looked at once more where something late belongs to them. */
  #again(touched: readonly number[], now: number): [string, Mark][] {
    const first = Math.max(Math.min(...touched), now - mostDue);
    const late = past.filter((each) => first < (this.#marks?.get(each)?.at ?? -Infinity));
    if (late.length > 0 && (this.#settledAt ?? 0) <= now) this.#settledAt = now + settling;
    return late.map((each) => [each, { place: 0, at: each === 'hour' ? hourOf(first) : dayOf(first) }]);
  }

  /** What is over and was not looked at, once all is stored that the log had when that was noticed. */
  async #isOver(now: number): Promise<Awaited | undefined> {
    const { ends, isStored } = this.options.log;
    const over = { hour: hourOf(now - grace), day: dayOf(now - grace) };
    if (!this.#awaited && past.some((each) => this.#isBefore(each, over[each])))
      this.#awaited = { ...over, ends: await ends() };
    if (!this.#awaited) return undefined;
    const stored = await Promise.all(this.#awaited.ends.map(isStored));
    const left = this.#awaited.ends.filter((_, i) => stored[i] !== true);
    this.#awaited = { ...this.#awaited, ends: left };
    return left.length === 0 ? this.#awaited : undefined;
  }

  #isBefore(schedule: 'hour' | 'day', end: number): boolean {
    return (this.#marks?.get(schedule)?.at ?? Infinity) < end;
  }

  async #lookAtPast(over: Awaited, now: number): Promise<void> {
    for (const schedule of past.filter((each) => this.#isBefore(each, over[each]))) {
      if (schedule === 'hour' && now < (this.#settledAt ?? now)) continue;
      const from = Math.max(this.#marks?.get(schedule)?.at ?? 0, over[schedule] - mostDue);
      for (const range of daysOf({ from, to: over[schedule] })) await this.#run(schedule, range);
      await this.#mark([[schedule, { place: 0, at: over[schedule] }]]);
    }
    this.#awaited = undefined;
  }

  async #run(schedule: Schedule, range: TimeRange, news?: NewsOf): Promise<void> {
    const { clock, signal } = this.options;
    const detectors = this.#detectors.filter(
      (each) => each.schedule === schedule && (!news || isAsked(each, news)),
    );
    const waiting = this.#unanswered().filter((each) => overlap(each.range, range));
    const own = detectors.filter((each) => this.#isOwn(each));
    this.#own.outdate(own, range);
    await this.#mark(own.flatMap((each) => postponedMarks(each, range, waiting, clock.now())));
    const shipped = detectors.filter((each) => !this.#isOwn(each));
    if (shipped.length === 0) return;
    await this.#baseline(dayOf(range.from));
    signal?.throwIfAborted();
    for (const detector of shipped)
      for (const piece of withoutUnanswered(detector, range, waiting)) await this.#ask(detector, piece);
  }

  /** What was not answered for, as far as its time has come; until something is not again, which took long enough for one round. */
  async #askAgain(now: number): Promise<void> {
    await this.#mark(forgotten(this.#marks ?? new Map(), this.#detectors, now));
    const due = this.#due(false).toSorted((a, b) => a.dueAt - b.dueAt);
    for (const each of due.slice(0, mostAgain)) {
      if (!(await this.#askOnce(each))) return;
      await this.#mark(answeredMarks(each));
    }
  }

  async #askOnce({ detector, range, tries }: Unanswered): Promise<boolean> {
    await this.#baseline(dayOf(range.from));
    return this.#ask(detector, range, tries);
  }

  #isOwn({ id }: Detector): boolean {
    return this.options.own?.has(id) ?? false;
  }

  #unanswered(): Unanswered[] {
    return unansweredOf(this.#marks ?? new Map(), this.#detectors, this.options.clock.now());
  }

  /** Whose time has come, of the house's own or of the shipped ones. */
  #due(own: boolean): Unanswered[] {
    const now = this.options.clock.now();
    return this.#unanswered().filter(({ dueAt, detector }) => dueAt <= now && this.#isOwn(detector) === own);
  }

  #readerOf(detector: Detector): DetectionStore['reader'] {
    const { store, ownReader = store.reader } = this.options;
    return this.#isOwn(detector) ? ownReader : store.reader;
  }

  /** Returns whether there was an answer; if not, that is remembered, and others go on. */
  async #ask(detector: Detector, range: TimeRange, tries = 0): Promise<boolean> {
    const { settings, raise, onCut, signal } = this.options;
    const { timezone } = settings.calendar;
    const reader = this.#readerOf(detector);
    const found = await runDetector(reader, detector, range, timezone, onCut).catch((error: unknown) =>
      this.#fail(detector, range, tries, error),
    );
    if (found && found.length > 0) await raise(found);
    signal?.throwIfAborted();
    return found !== undefined;
  }

  /** Throws where the store itself does not answer: then the whole round is tried again. */
  async #fail(detector: Detector, range: TimeRange, tries: number, error: unknown): Promise<undefined> {
    const { onFailure, clock, signal } = this.options;
    signal?.throwIfAborted();
    await expectStore(this.#readerOf(detector));
    onFailure(detector, error);
    await this.#mark(failedMarks(detector, range, tries, clock.now()));
  }

  async #baseline(day: number): Promise<void> {
    const { store, settings, clock, signal } = this.options;
    const anew = isToMakeAnew(this.#marks ?? new Map(), day, clock.now());
    if (this.#baselines.has(day) && !anew) return;
    signal?.throwIfAborted();
    await writeBaselines(store.writer, day, settings.calendar, anew);
    if (anew) await this.#mark([madeAnew(day, clock.now())]);
    if (this.#baselines.size >= mostBaselines) this.#baselines.clear();
    this.#baselines.add(day);
  }

  /** What is written in vain is read anew: the round throws, too. */
  async #mark(marks: readonly (readonly [string, Mark])[]): Promise<void> {
    if (marks.length === 0) return;
    for (const [name, mark] of marks)
      if (isOver(name, mark)) this.#marks?.delete(name);
      else this.#marks?.set(name, mark);
    const written = this.#written.then(() => writeMarks(this.options.store.writer, new Map(marks)));
    this.#written = written.catch(() => undefined);
    await written;
  }
}

const mostBaselines = 100;
/** Ranges of one round that were not answered for before. */
const mostAgain = 48;
