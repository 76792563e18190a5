export * from './codec-backend.js';
export * from './codec-frontend.js';
export * from './codec-fields.js';
