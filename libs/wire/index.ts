export * from './byte.cursor.js';
export * from './exact.reader.js';
export * from './lane.js';
export * from './loopback.js';
export * from './message.scanner.js';
export * from './outbox.js';
export * from './server.certificate.js';
export * from './tie.js';
