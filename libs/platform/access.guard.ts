import { Inject, Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '#kernel';
import { ACCESS, NO_USE, type Access, type AskAgain, type CallerIdentity } from './guard.decorators.js';
import { PageSessions } from './page-sessions.js';
import { TokenCallers } from './token.callers.js';

/** Every route passes here; one that declares no access is refused to everyone. */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #log = new Logger('access');
  readonly #reflector: Reflector;
  readonly #callers: TokenCallers;
  readonly #pages: PageSessions;

  constructor(
    @Inject(Reflector) reflector: Reflector,
    @Inject(TokenCallers) callers: TokenCallers,
    @Inject(PageSessions) pages: PageSessions,
  ) {
    this.#reflector = reflector;
    this.#callers = callers;
    this.#pages = pages;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true; // an event of our own log: nobody calls
    const access = this.#accessOf(context);
    if (access?.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    // A stream that opens or asks again by itself is no sign of anybody: it must not keep a page session alive.
    const isUse = request.caller === undefined && !this.#reflector.get(NO_USE, context.getHandler());
    const caller = await this.#identify(request, isUse);
    if (!access) this.#refuseUndeclared(context);
    if (access.kind === 'roles' && !access.roles.some((role) => caller.roles.has(role)))
      throw new AppError('FORBIDDEN', `this needs the role ${access.roles.join(' or ')}`);
    request.caller = caller;
    request.again = () => this.canActivate(context).then(() => request.caller ?? caller);
    return true;
  }

  #accessOf(context: ExecutionContext): Access | undefined {
    return this.#reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
  }

  /** Where both are sent the bearer token counts, and a wrong one is not made good by a cookie. */
  async #identify(request: GuardedRequest, isUse: boolean): Promise<CallerIdentity> {
    const { authorization } = request.headers;
    const page = authorization === undefined ? await this.#pages.identify(request, isUse) : undefined;
    if (page) return { ...this.#callers.of(page.principal, page.session.readAt), page };
    return this.#callers.ofToken(bearerToken(authorization));
  }

  #refuseUndeclared(context: ExecutionContext): never {
    this.#log.error(`${context.getClass().name}.${context.getHandler().name} declares no access`);
    throw new AppError('FORBIDDEN', 'this route is open to nobody');
  }
}

interface GuardedRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  caller?: CallerIdentity;
  again?: AskAgain;
}

function bearerToken(header: string | undefined): string {
  if (!header) throw new AppError('UNAUTHENTICATED', 'sign in, or send a bearer token');
  const [, token] = /^Bearer +([\x21-\x7e]+)$/i.exec(header) ?? [];
  if (!token) throw new AppError('UNAUTHENTICATED', 'the Authorization header is not a bearer token');
  return token;
}
