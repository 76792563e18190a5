import { byIdentity, chosen } from './events.sql.js';

/*
 * The view `findings` folds all that were ever raised, few beside the events, and a filter applies to what it made. So does
 * `quarantines`, which has no connection.
 */
export const findings = `FROM findings
WHERE $__timeFilter(raised_at) AND ${chosen}`;

/** By when it happened, not by when it was found. */
export const findingsOfThen = `FROM findings
WHERE $__timeFilter(window_start) AND ${chosen}`;

export const quarantines = `FROM quarantines
WHERE $__timeFilter(logged_at) AND ${byIdentity}`;
