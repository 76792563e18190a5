/** The ApprovalKeyStore of this process. */
export const APPROVAL_KEYS = Symbol('APPROVAL_KEYS');
