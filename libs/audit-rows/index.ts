export type { RowParts } from '#audit-store';
export * from './control-event.row.js';
export * from './event.times.js';
export * from './logged.row.js';
export * from './row.line.js';
export * from './session-event.row.js';
export * from './session.book.js';
export * from './session.summary.js';
export * from './stored.event.js';
