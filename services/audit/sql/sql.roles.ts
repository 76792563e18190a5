import type { Role } from '#kernel';

/** Who may ask in SQL, at either door: tables know no lines between one session and another. */
export const sqlRoles = ['auditor'] as const satisfies readonly Role[];
