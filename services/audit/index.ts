export { AuditModule } from './audit.module.js';
export { auditSocket, startAudit, type AuditProcessOptions } from './audit.process.js';
export type { ReplayLine } from './sessions/session.item.js';
