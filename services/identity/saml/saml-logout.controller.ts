import type { IncomingMessage } from 'node:http';
import { Body, Controller, Get, Inject, Logger, Param, Post, Req, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AppError } from '#kernel';
import { Public } from '#platform';
import { SIGN_IN_PROVIDERS } from '../identity.tokens.js';
import { PageSessionDesk } from '../pages/page-session.desk.js';
import { goOn, type Reply } from '../sign-in/onwards.reply.js';
import { SignInFailure, type SignInProvider } from '../sign-in/sign-in.provider.js';
import type { LogoutRequest } from './saml.logout.js';
import { samlProvider, type SamlSignIn } from './saml.provider.js';

/** The part of Fastify's request that is used here. */
interface Request {
  readonly raw: IncomingMessage;
}

const form = z.looseObject({
  SAMLRequest: z.string().optional(),
  SAMLResponse: z.string().optional(),
  RelayState: z.string().optional(),
});

/** SAML's RelayState is 80 bytes at most; some providers take more. It goes back to the provider, and nowhere else. */
const longestRelayState = 256;

/** Single logout: the provider says that somebody's session there has ended, by the browser and with its signature. */
@ApiTags('identity')
@Public()
@Controller('identity/saml')
export class SamlLogoutController {
  readonly #log = new Logger('saml');

  constructor(
    @Inject(SIGN_IN_PROVIDERS) private readonly providers: readonly SignInProvider[],
    @Inject(PageSessionDesk) private readonly pages: PageSessionDesk,
  ) {}

  @Get(':name/logout')
  @ApiResponse({ status: 303, description: 'to the provider, or to the sign-in page' })
  async byRedirect(@Param('name') name: string, @Req() { raw }: Request, @Res() reply: Reply): Promise<void> {
    const provider = samlProvider(this.providers, name);
    const query = (raw.url ?? '').split('?').slice(1).join('?');
    const params = new URLSearchParams(query);
    if (!params.has('SAMLRequest')) return signedOut(reply);
    await this.#logout(provider, provider.readLogout({ query }), params.get('RelayState'), reply);
  }

  @Post(':name/logout')
  @ApiResponse({ status: 303, description: 'to the provider, or to the sign-in page' })
  async byPost(
    @Param('name') name: string,
    @Body({ schema: form }) { SAMLRequest: field, RelayState }: z.infer<typeof form>,
    @Res() reply: Reply,
  ): Promise<void> {
    const provider = samlProvider(this.providers, name);
    if (field === undefined) return signedOut(reply);
    await this.#logout(provider, provider.readLogout({ field }), RelayState ?? null, reply);
  }

  async #logout(
    provider: SamlSignIn,
    reading: Promise<LogoutRequest>,
    relayState: string | null,
    reply: Reply,
  ): Promise<void> {
    const request = await this.#read(provider, reading);
    const { nameId: subject, sessionIndexes, at } = request;
    const until = at + provider.settings.skew;
    for (const sessionIndex of sessionIndexes.length > 0 ? sessionIndexes : [undefined])
      await this.pages.endAtProvider(provider.name, { subject, sessionIndex }, until);
    const echo = relayState !== null && relayState.length <= longestRelayState ? relayState : '';
    const to = (await provider.logoutAnswer(request, echo)) ?? '/sign-in';
    goOn(reply, 303, { to, cookies: [] });
  }

  async #read(provider: SamlSignIn, reading: Promise<LogoutRequest>): Promise<LogoutRequest> {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof SignInFailure)) throw error;
      this.#log.warn({ message: error.message, provider: provider.name, code: error.code });
      throw new AppError('INPUT_INVALID', 'that is no logout request of the provider', { cause: error });
    }
  }
}

/** The provider's answer to our own request: the session here was over before we asked, so there is nothing to read. */
function signedOut(reply: Reply): void {
  goOn(reply, 303, { to: '/sign-in', cookies: [] });
}
