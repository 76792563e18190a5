export * from './decider.js';
export * from './port.js';
