export { actions } from './actions.js';
export { compilePolicies, type CompileOptions } from './compile.js';
export { identityKey } from './request.key.js';
export { schema as policySchema } from './schema.js';
export * from './verdict.js';
