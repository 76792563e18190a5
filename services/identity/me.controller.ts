import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { idleUntil } from '#domain';
import { Authenticated, Caller, CONFIG, csrfToken, type CallerIdentity, type WeirConfig } from '#platform';

@ApiTags('identity')
@Controller('identity')
export class MeController {
  readonly #config: WeirConfig;

  constructor(@Inject(CONFIG) config: WeirConfig) {
    this.#config = config;
  }

  /**
   * The caller, as its token or page session was understood (what to look at first when something is refused),
   * and the gate. A page finds here what it must send with each change.
   */
  @Authenticated()
  @Get('me')
  me(@Caller() { principal, roles, page }: CallerIdentity) {
    const gate = { postgres: this.#config.listen.postgres };
    return { ...principal, roles: [...roles], gate, pageSession: page ? pageSessionOf(page) : null };
  }
}

function pageSessionOf({ session, secret }: NonNullable<CallerIdentity['page']>) {
  return {
    provider: session.provider,
    csrf: csrfToken(secret),
    idleUntil: new Date(idleUntil(session)).toISOString(),
    endsAt: new Date(session.endsAt).toISOString(),
  };
}
