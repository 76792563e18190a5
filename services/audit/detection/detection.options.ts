import type { Position } from '#event-log';
import type { Clock } from '#kernel';
import type { DetectionStore, OnFailure } from './detect.js';
import type { DetectionSettings } from './detection.settings.js';
import type { Detector } from './detector.check.js';
import type { Finding } from './finding.js';

export interface RecordLog {
  /** The last event of each partition by now. */
  readonly ends: () => Promise<readonly Position[]>;
  readonly isStored: (position: Position) => Promise<boolean>;
}

export interface EngineOptions {
  readonly store: DetectionStore;
  readonly settings: DetectionSettings;
  readonly detectors: readonly Detector[];
  /** Ids of those that are the house's own; absent: none is. */
  readonly own?: ReadonlySet<string>;
  /** Runs the queries of these, beside the others': a client of its own, or they would wait for each other. Absent: the store's. */
  readonly ownReader?: DetectionStore['reader'];
  /** After a query of these that took so many milliseconds. */
  readonly rest?: (worked: number) => Promise<unknown>;
  /** Resolves once these are on the log, or were before. */
  readonly raise: (findings: readonly Finding[]) => Promise<void>;
  readonly clock: Clock;
  /** What sessions are recorded on: what did not happen can only be told once all of a moment is stored. */
  readonly log: RecordLog;
  readonly onFailure: OnFailure;
  /** Told of an hour in which a detector found more than is taken. */
  readonly onCut?: (detector: Detector) => void;
  /** Once aborted, a round throws before its next step; what it did not come to is done after the next start. */
  readonly signal?: AbortSignal;
}
