import type { Clock } from '#kernel';
import { writeActivity } from './activity.js';
import { daysOf, detectDay, rangesOf, type DetectionStore, type OnFailure } from './detect.js';
import type { DetectionSettings } from './detection.settings.js';
import type { Detector } from './detector.check.js';
import type { DetectorHeader } from './detector.file.js';
import { writeFeatures } from './features.js';
import type { Finding } from './finding.js';
import { readMarks, writeMarks, type Mark } from './marks.js';
import { otherHours, readNews } from './news.js';
import { dayMs, dayOf, hourOf, type TimeRange } from './store.sql.js';

export interface EngineOptions {
  readonly store: DetectionStore;
  readonly settings: DetectionSettings;
  readonly detectors: readonly Detector[];
  /** Resolves once these are on the log, or were before. */
  readonly raise: (findings: readonly Finding[]) => Promise<void>;
  readonly clock: Clock;
  /** Whether all that the log has is stored: what did not happen can only be told then. */
  readonly isCaughtUp: () => Promise<boolean>;
  readonly onFailure: OnFailure;
  /** Once aborted, a round throws before its next step; what it did not come to is done after the next start. */
  readonly signal?: AbortSignal;
}

/** Of one round; the next goes on. */
const mostSteps = 10;
/** Milliseconds after an hour or a day in which what belongs to it may still come. */
const grace = 120_000;
/** Of a record that is older than detection itself: findings of the last day alone. Milliseconds. */
const lookBack = dayMs;
/** Milliseconds. */
const slack = 300_000;

/**
 * What is new in the store, into features, through detectors, into findings. All of it may run again: buckets are replaced,
 * findings have their ids; the marks come last.
 */
export class DetectionEngine {
  #marks: Map<string, Mark> | undefined;
  #looked: number | undefined;

  constructor(private readonly options: EngineOptions) {}

  /** Another process may have gone on meanwhile. */
  forget(): void {
    this.#marks = undefined;
  }

  /** Returns how many events it worked in. */
  async round(): Promise<number> {
    const { store, clock } = this.options;
    const now = clock.now();
    this.#marks ??= new Map(await readMarks(store.writer));
    const since = (this.#looked ?? this.#marks.get('ingested')?.at ?? now) - slack;
    const events = await this.#workIn(now);
    await this.#detect(await otherHours(store.writer, since), now);
    this.#looked = now;
    await this.#due(now);
    return events;
  }

  async #workIn(now: number): Promise<number> {
    const { writer } = this.options.store;
    let events = 0;
    for (let step = 0; step < mostSteps; step++) {
      this.options.signal?.throwIfAborted();
      const news = await readNews(writer, this.#marks ?? new Map());
      if (news && news.events > 0) {
        await writeActivity(writer, news.choice);
        await writeFeatures(writer, news);
        await this.#detect(news.hours, now);
        events += news.events;
      }
      await this.#mark([...(news?.marks ?? [])]);
      if (!news?.isCut) return this.#begin(now, events);
    }
    return events;
  }

  /** What stood here before detection was begun with has been worked in. */
  async #begin(now: number, events: number): Promise<number> {
    if (!this.#marks?.has('began'))
      await this.#mark([
        ['began', { place: 0, at: now }],
        ['hour', { place: 0, at: hourOf(now - grace) }],
        ['day', { place: 0, at: dayOf(now - grace) }],
      ]);
    return events;
  }

  /** Those of the stream; and over what is past, those of hours and days again. */
  async #detect(touched: readonly number[], now: number): Promise<void> {
    const isOld = !this.#marks?.has('began');
    const hours = isOld ? touched.filter((hour) => hour >= now - lookBack) : touched;
    for (const range of rangesOf(hours)) await this.#run('stream', range);
    if (isOld) return;
    const [hourly, daily] = [this.#marks?.get('hour')?.at ?? 0, this.#marks?.get('day')?.at ?? 0];
    for (const range of rangesOf(hours.filter((hour) => hour < hourly))) await this.#run('hour', range);
    for (const { from } of rangesOf(hours.filter((hour) => hour < daily)))
      await this.#run('day', { from: dayOf(from), to: dayOf(from) + dayMs });
  }

  /** What is over by now and was not looked at. */
  async #due(now: number): Promise<void> {
    const ends = { hour: hourOf(now - grace), day: dayOf(now - grace) } as const;
    const due = (['hour', 'day'] as const).filter(
      (each) => (this.#marks?.get(each)?.at ?? Infinity) < ends[each],
    );
    if (due.length === 0 || !(await this.options.isCaughtUp())) return;
    for (const schedule of due) {
      const from = Math.max(this.#marks?.get(schedule)?.at ?? 0, ends[schedule] - mostDue);
      for (const range of daysOf({ from, to: ends[schedule] })) await this.#run(schedule, range);
      await this.#mark([[schedule, { place: 0, at: ends[schedule] }]]);
    }
  }

  async #run(schedule: DetectorHeader['schedule'], range: TimeRange): Promise<void> {
    const { store, settings, onFailure, raise, signal } = this.options;
    signal?.throwIfAborted();
    const detectors = this.options.detectors.filter((each) => each.schedule === schedule);
    await raise(await detectDay(store, detectors, range, settings, onFailure));
  }

  async #mark(marks: readonly (readonly [string, Mark])[]): Promise<void> {
    await writeMarks(this.options.store.writer, new Map(marks));
    for (const [name, mark] of marks) this.#marks?.set(name, mark);
  }
}

/** Nobody looks back further at what did not happen. Milliseconds. */
const mostDue = 28 * dayMs;
