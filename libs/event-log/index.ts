export * from './decider.js';
export * from './port.js';
export { openEmbeddedLog, type EmbeddedLogOptions } from './embedded/embedded.log.js';
export { type HandlerFailure } from './persist.js';
