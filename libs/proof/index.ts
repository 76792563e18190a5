export * from './checkpoint.js';
export * from './leaf.list.js';
export * from './leaves.js';
export * from './merkle.js';
export * from './merkle.verify.js';
export * from './signed-note.js';
export * from './tiles.js';
