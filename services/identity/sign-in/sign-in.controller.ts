import type { IncomingMessage } from 'node:http';
import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiFoundResponse, ApiOkResponse, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { isLoopbackHost } from '#wire';
import { CONFIG, Public, type WeirConfig } from '#platform';
import { SIGN_IN_PROVIDERS } from '../identity.tokens.js';
import { goOn, type Reply } from './onwards.reply.js';
import { SignInDesk } from './sign-in.desk.js';
import type { SignInProvider } from './sign-in.provider.js';

/** The part of Fastify's request that is used here. */
interface Request {
  readonly raw: IncomingMessage;
}

const providerList = z.object({
  providers: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['oidc', 'saml']),
      label: z.string(),
      signIn: z.string(),
      cli: z.object({ issuer: z.string(), clientId: z.string(), scopes: z.array(z.string()) }).nullable(),
    }),
  ),
});

/** Signing in, for browsers: navigations that answer with redirects, never with data. */
@ApiTags('identity')
@Public()
@Controller('identity')
export class SignInController {
  readonly #publicUrl: URL;

  constructor(
    @Inject(SIGN_IN_PROVIDERS) private readonly offered: readonly SignInProvider[],
    @Inject(SignInDesk) private readonly desk: SignInDesk,
    @Inject(CONFIG) config: WeirConfig,
  ) {
    this.#publicUrl = new URL(config.publicUrl);
  }

  /** Where one can sign in, and what `weir login` needs for it. */
  @Get('providers')
  @ApiOkResponse({ standardSchema: providerList })
  providers(): z.infer<typeof providerList> {
    const providers = this.offered.map(({ name, kind, label, cli }) => ({
      ...{ name, kind, label },
      signIn: `/api/identity/sign-in/${name}`,
      cli: cli && { ...cli, scopes: [...cli.scopes] },
    }));
    return { providers };
  }

  @Get('sign-in/:name')
  @ApiQuery({ name: 'to', required: false })
  @ApiFoundResponse({ description: 'to the provider' })
  async begin(
    @Param('name') name: string,
    @Query('to') to: unknown,
    @Req() { raw }: Request,
    @Res() reply: Reply,
  ): Promise<void> {
    if (this.#isOtherLoopback(raw.headers.host))
      return void reply
        .status(302)
        .header('location', `${this.#publicUrl.origin}${raw.url ?? '/'}`)
        .send();
    goOn(reply, 302, await this.desk.begin(name, to));
  }

  @Get('callback/:name')
  @ApiResponse({ status: 303, description: 'to where the person wanted to go, or to the sign-in page' })
  async callback(@Param('name') name: string, @Req() { raw }: Request, @Res() reply: Reply): Promise<void> {
    const url = raw.url ?? '';
    const search = url.includes('?') ? url.slice(url.indexOf('?')) : '';
    goOn(reply, 303, await this.desk.finish(name, search, raw));
  }

  /** `localhost` for `127.0.0.1`: the provider sends the browser back to the other, where its cookie is not. */
  #isOtherLoopback(host: string | undefined): boolean {
    if (host === undefined || host === this.#publicUrl.host || !URL.canParse(`http://${host}`)) return false;
    return isLoopbackHost(this.#publicUrl.hostname) && isLoopbackHost(new URL(`http://${host}`).hostname);
  }
}
