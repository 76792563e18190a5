export * from './byte-writer.js';
export * from './compile.js';
export * from './data-class.js';
export * from './parse.js';
export * from './plan.js';
export * from './rules.js';
export * from './shipped.js';
export * from './span.js';
export { isMaskOutput, type ValueTransform, wholeMask } from './transform.js';
