import type { IncomingMessage } from 'node:http';
import { Body, Controller, Get, Header, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Clock } from '#kernel';
import { CLOCK, Public } from '#platform';
import { SAML_ANSWERS, SIGN_IN_PROVIDERS } from '../identity.tokens.js';
import { goOn, type Reply } from '../sign-in/onwards.reply.js';
import { SignInDesk } from '../sign-in/sign-in.desk.js';
import type { SignInProvider } from '../sign-in/sign-in.provider.js';
import { SignInRefusals } from '../sign-in/sign-in.refusals.js';
import type { KeptAnswers } from './kept-answers.file.js';
import { samlMetadata } from './saml.metadata.js';
import { samlProvider, type SamlSignIn } from './saml.provider.js';
import { TakenAssertions } from './taken-assertions.js';

/** The part of Fastify's request that is used here. */
interface Request {
  readonly raw: IncomingMessage;
}

const form = z.looseObject({ SAMLResponse: z.string().min(1) });

/** Where a SAML provider sends browsers. RelayState is not read. */
@ApiTags('identity')
@Public()
@Controller('identity/saml')
export class SamlController {
  constructor(
    @Inject(SIGN_IN_PROVIDERS) private readonly providers: readonly SignInProvider[],
    @Inject(SignInDesk) private readonly desk: SignInDesk,
    @Inject(SignInRefusals) private readonly refusals: SignInRefusals,
    @Inject(TakenAssertions) private readonly taken: TakenAssertions,
    @Inject(SAML_ANSWERS) private readonly answers: KeptAnswers,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get(':name/metadata')
  @Header('content-type', 'application/samlmetadata+xml')
  @ApiOkResponse({ description: 'what to import at the provider' })
  metadata(@Param('name') name: string): string {
    return samlMetadata(samlProvider(this.providers, name).settings);
  }

  @Post(':name/acs')
  @ApiResponse({ status: 303, description: 'to finish, or to the sign-in page' })
  async acs(
    @Param('name') name: string,
    @Body({ schema: form }) { SAMLResponse }: z.infer<typeof form>,
    @Req() { raw }: Request,
    @Res() reply: Reply,
  ): Promise<void> {
    const to = await this.#accept(samlProvider(this.providers, name), SAMLResponse, raw);
    goOn(reply, 303, { to, cookies: [] });
  }

  @Get(':name/finish')
  @ApiResponse({ status: 303, description: 'to where the person wanted to go, or to the sign-in page' })
  async finish(@Param('name') name: string, @Req() { raw }: Request, @Res() reply: Reply): Promise<void> {
    const url = raw.url ?? '';
    const search = url.includes('?') ? url.slice(url.indexOf('?')) : '';
    goOn(reply, 303, await this.desk.finish(name, search, raw));
  }

  /** Never throws. Where the browser goes with its answer. */
  async #accept(provider: SamlSignIn, samlResponse: string, request: IncomingMessage): Promise<string> {
    try {
      const answer = await provider.verify(samlResponse);
      await this.taken.take(answer);
      const code = await this.answers.put(answer, this.clock.now());
      return `/api/identity/saml/${provider.name}/finish?code=${code}`;
    } catch (error) {
      return `/sign-in?error=${await this.refusals.note(provider.name, error, request)}`;
    }
  }
}
