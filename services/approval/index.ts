export { ApprovalHousekeeping } from './approval.housekeeping.js';
export { ApprovalModule } from './approval.module.js';
