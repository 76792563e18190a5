export * from './peer.js';
export * from './postgres.js';
