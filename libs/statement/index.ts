export * from './facts.js';
export * from './lineage.js';
export { loadStatementParser } from './postgres/parser.js';
export { analyze } from './postgres/analyze.js';
export { lineage, viewOutputs } from './postgres/lineage.js';
export { isCertain } from './postgres/lineage/mistaken-names.js';
export { redactLiterals } from './postgres/redact.js';
export { StatementSyntaxError } from './postgres/syntax-error.js';
export { isReadableSetting, judgeSet, type SettingVerdict } from './postgres/settings.js';
