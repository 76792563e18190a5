export { actions } from './actions.js';
export { compilePolicies, type CompileOptions } from './compile.js';
export { schema as policySchema } from './schema.js';
export * from './verdict.js';
