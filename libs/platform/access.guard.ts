import { Inject, Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppError } from '#kernel';
import type { WeirConfig } from './config.schema.js';
import { ACCESS, type Access, type AskAgain, type CallerIdentity } from './guard.decorators.js';
import { rolesOf } from './roles.js';
import { CONFIG, TOKEN_VERIFIER, type TokenVerifier } from './tokens.js';

/** Every route passes here; one that declares no access is refused to everyone. */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #log = new Logger('access');
  readonly #reflector: Reflector;
  readonly #verifier: TokenVerifier;
  readonly #config: WeirConfig;

  constructor(
    @Inject(Reflector) reflector: Reflector,
    @Inject(TOKEN_VERIFIER) verifier: TokenVerifier,
    @Inject(CONFIG) config: WeirConfig,
  ) {
    this.#reflector = reflector;
    this.#verifier = verifier;
    this.#config = config;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true; // an event of our own log: nobody calls
    const access = this.#accessOf(context);
    if (access?.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    const caller = await this.#identify(request.headers.authorization);
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

  async #identify(header: string | undefined): Promise<CallerIdentity> {
    const token = bearerToken(header);
    const { principal } = await this.#verifier.verify(token);
    return { principal, roles: rolesOf(principal, this.#config.identity.roles) };
  }

  #refuseUndeclared(context: ExecutionContext): never {
    this.#log.error(`${context.getClass().name}.${context.getHandler().name} declares no access`);
    throw new AppError('FORBIDDEN', 'this route is open to nobody');
  }
}

interface GuardedRequest {
  readonly headers: Headers;
  caller?: CallerIdentity;
  again?: AskAgain;
}

interface Headers {
  readonly authorization?: string;
}

function bearerToken(header: string | undefined): string {
  if (!header) throw new AppError('UNAUTHENTICATED', 'a bearer token is needed');
  const [, token] = /^Bearer +([\x21-\x7e]+)$/i.exec(header) ?? [];
  if (!token) throw new AppError('UNAUTHENTICATED', 'the Authorization header is not a bearer token');
  return token;
}
