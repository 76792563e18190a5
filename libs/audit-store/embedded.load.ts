import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/** The embedded engine. Loaded where it is opened: an image that knows a ClickHouse server alone comes without its 540 MB. */
export const loadChdb = () => load('chdb') as typeof import('chdb');
export const loadChdbConnection = () => load('chdb/connection') as typeof import('chdb/connection');
