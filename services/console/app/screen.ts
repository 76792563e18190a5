import type { QueryClient } from '@tanstack/react-query';
import type { AnyRoute } from '@tanstack/react-router';

export type Role = 'approver' | 'security' | 'auditor' | 'operator';

/** An entry of the bar at the top, for those who hold one of the roles; none: for everyone. */
export interface NavEntry {
  readonly label: string;
  readonly to: '/' | '/approvals' | '/sessions' | '/findings';
  /** Pressed after `g`. */
  readonly key: string;
  readonly roles?: readonly Role[];
}

/** A screen is a folder with its routes, and one line in screens.ts. */
export interface Screen {
  readonly nav?: NavEntry;
  readonly routes: readonly AnyRoute[];
}

/** What every route knows. */
export interface RouterContext {
  readonly queryClient: QueryClient;
  readonly nav: readonly NavEntry[];
}
