import { Controller, Get, Inject } from '@nestjs/common';
import { Authenticated, Caller, CONFIG, type CallerIdentity, type WeirConfig } from '#platform';

@Controller('identity')
export class MeController {
  readonly #config: WeirConfig;

  constructor(@Inject(CONFIG) config: WeirConfig) {
    this.#config = config;
  }

  /** The caller, as its token was understood (what to look at first when something is refused), and the gate. */
  @Authenticated()
  @Get('me')
  me(@Caller() { principal, roles }: CallerIdentity) {
    return { ...principal, roles: [...roles], gate: { postgres: this.#config.listen.postgres } };
  }
}
