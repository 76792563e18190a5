export { journalFolder, leftoverJournals, shipLeftover } from './folders.js';
export { openJournal, type FileJournal, type Journal, type JournalStats } from './journal.js';
export { measureJournal } from './journal.metrics.js';
export { readJournals, type JournalState } from './journal.state.js';
export { dropWord, hearOthers, speak, speakerOf, type HeardWord, type Speaker } from './journal.word.js';
export { type JournalOptions } from './journal.options.js';
export { type PayloadWriter } from './payload.writer.js';
export { type SessionChain } from './session.chain.js';
export { startShipper, type Shipper, type ShipperOptions } from './shipper.js';
