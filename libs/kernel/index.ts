export * from './clock.js';
export * from './durable.file.js';
export * from './errors.js';
export * from './ids.js';
export * from './principal.js';
