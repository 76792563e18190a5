import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Principal, Role } from '#kernel';
import type { PageCaller } from './page-sessions.js';

/** What a route asks of its caller. A route that says nothing is refused to everyone. */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'roles'; readonly roles: readonly Role[] };

export const ACCESS = 'weir:access';

/** Served without a token: health, metrics on loopback, the OpenAPI document. */
export const Public = () => SetMetadata(ACCESS, { kind: 'public' } satisfies Access);

/** Any valid token. The handler itself decides what that caller may see. */
export const Authenticated = () => SetMetadata(ACCESS, { kind: 'authenticated' } satisfies Access);

/** A valid token with at least one of these roles. */
export const Roles = (...roles: readonly Role[]) =>
  SetMetadata(ACCESS, { kind: 'roles', roles } satisfies Access);

/** Who calls, as the guard verified it; `roles` are the API's roles of that principal. */
export interface CallerIdentity {
  /** As its credential says, less what a newer reading of the same identity takes away. */
  readonly principal: Principal;
  /** When the provider said what the credential says: milliseconds since the epoch; 0 where it does not say. */
  readonly saidAt: number;
  readonly roles: ReadonlySet<Role>;
  /** Where it came by cookie. */
  readonly page?: PageCaller;
}

/** Asks the guard about the same request anew: who it is now. Throws what the guard throws. */
export type AskAgain = () => Promise<CallerIdentity>;

/** For what goes on after it was let in: `handler(@Again() again: AskAgain)`. */
export const Again = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<{ again: AskAgain }>().again,
);

/** `handler(@Caller() caller: CallerIdentity)`. */
export const Caller = createParamDecorator(
  (_: unknown, context: ExecutionContext) =>
    context.switchToHttp().getRequest<{ caller: CallerIdentity }>().caller,
);
