export * from './config.schema.js';
export * from './guard.decorators.js';
export * from './tokens.js';
