import { Body, Controller, Header, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AppError, type Clock } from '#kernel';
import { CLOCK, Public } from '#platform';
import { SIGN_IN_PROVIDERS } from '../identity.tokens.js';
import { PageSessionDesk } from '../pages/page-session.desk.js';
import type { SignInProvider } from '../sign-in/sign-in.provider.js';
import { OidcSignIn } from './oidc.provider.js';

const body = z.looseObject({ logout_token: z.string().min(1) });

/** For providers, not for browsers: the token's signature is what is believed. */
@ApiTags('identity')
@Public()
@Controller('identity/back-channel-logout')
export class BackChannelController {
  constructor(
    @Inject(SIGN_IN_PROVIDERS) private readonly providers: readonly SignInProvider[],
    @Inject(PageSessionDesk) private readonly desk: PageSessionDesk,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** OpenID Connect Back-Channel Logout: the sessions that the token is about end here, too. */
  @Post(':name')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOkResponse({ description: 'done, also where nobody was signed in' })
  async logout(
    @Param('name') name: string,
    @Body({ schema: body }) given: z.infer<typeof body>,
  ): Promise<void> {
    const provider = this.providers.find((candidate) => candidate.name === name);
    if (!(provider instanceof OidcSignIn)) throw new AppError('NOT_FOUND', 'there is no such provider');
    const { at, ...whose } = await this.#read(provider, given.logout_token);
    await this.desk.endAtProvider(name, whose, at + provider.clockSkew);
  }

  /** The specification's answer to a token that is not taken is 400. */
  async #read(provider: OidcSignIn, token: string) {
    try {
      return await provider.readLogoutToken(token, this.clock.now());
    } catch (error) {
      if (error instanceof AppError && error.code !== 'ISSUER_UNAVAILABLE')
        throw new AppError('INPUT_INVALID', error.message, { cause: error });
      throw error;
    }
  }
}
