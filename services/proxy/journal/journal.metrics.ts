import { basename } from 'node:path';
import type { Clock } from '#kernel';
import { Readings, type Reading } from '#platform';
import type { FileJournal } from './journal.js';

const labels = ['journal'];
const gauge = (name: string, help: string) => new Readings({ name, help, labels });
const counter = (name: string, help: string) => new Readings({ name, help, labels }, 'counter');

const bytes = gauge('weir_journal_bytes', 'Bytes that a journal has on disk');
const cap = gauge('weir_journal_cap_bytes', 'Bytes at which a journal refuses new statements');
const unshipped = gauge('weir_journal_unshipped_bytes', 'Bytes that are not in the event log yet');
const age = gauge(
  'weir_journal_oldest_unshipped_seconds',
  'Age of the oldest event that is not in the event log yet',
);
const appendErrors = counter('weir_journal_append_errors_total', 'Writes that failed');
const syncErrors = counter('weir_journal_fsync_errors_total', 'Syncs that failed');

const setAside = counter(
  'weir_journal_set_aside_total',
  'Events that the event log can never take, put into a file beside the journal',
);

/** Shows how this journal does, by its folder's name. Returns what ends that. */
export function measureJournal(journal: FileJournal, maxBytes: number, clock: Clock): () => void {
  const name = [basename(journal.files.directory)];
  const read = (value: () => number) => (): readonly Reading[] => [[name, value()]];
  const ends = [
    bytes.add(read(() => journal.stats().bytes)),
    cap.add(read(() => maxBytes)),
    unshipped.add(read(() => journal.stats().unshipped)),
    age.add(read(() => Math.max(0, clock.now() - (journal.stats().oldestUnshippedAt ?? clock.now())) / 1000)),
    appendErrors.add(read(() => journal.stats().errors.append)),
    syncErrors.add(read(() => journal.stats().errors.sync)),
    setAside.add(read(() => journal.stats().errors.setAside)),
  ];
  return () => ends.forEach((end) => end());
}
