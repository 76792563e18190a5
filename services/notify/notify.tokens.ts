/** The configured webhooks, opened. */
export const ENDPOINTS = Symbol('ENDPOINTS');
/** How host names become addresses. */
export const RESOLVE = Symbol('RESOLVE');
