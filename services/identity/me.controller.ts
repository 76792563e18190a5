import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { idleUntil } from '#domain';
import { roles } from '#kernel';
import { Authenticated, Caller, CONFIG, csrfToken, type CallerIdentity, type WeirConfig } from '#platform';

const me = z.object({
  id: z.string(),
  issuer: z.string(),
  subject: z.string(),
  kind: z.enum(['agent', 'person']),
  groups: z.array(z.string()),
  onBehalfOf: z.string().optional(),
  displayName: z.string().optional(),
  roles: z.array(z.enum(roles)),
  gate: z.object({ postgres: z.string() }),
  pageSession: z
    .object({ provider: z.string(), csrf: z.string(), idleUntil: z.string(), endsAt: z.string() })
    .nullable(),
});

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
  @Header('cache-control', 'no-store')
  @ApiOkResponse({ standardSchema: me })
  me(@Caller() { principal, roles: held, page }: CallerIdentity): z.infer<typeof me> {
    const { groups, ...who } = principal;
    const gate = { postgres: this.#config.listen.postgres };
    const pageSession = page ? pageSessionOf(page) : null;
    return { ...who, groups: [...groups], roles: [...held], gate, pageSession };
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
