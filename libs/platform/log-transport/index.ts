export * from './log.context.js';
export * from './log.transport.js';
