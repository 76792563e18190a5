export * from './connect.js';
export * from './insert.js';
export * from './migrate.js';
export { nativeBlock, type RowParts } from './native.block.js';
export * from './reader.js';
export * from './rows.js';
export * from './server.schema.js';
export * from './store.config.js';
