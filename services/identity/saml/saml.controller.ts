import type { IncomingMessage } from 'node:http';
import { Body, Controller, Get, Header, Inject, Logger, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AppError, type Clock } from '#kernel';
import { CLOCK, Public } from '#platform';
import { SAML_ANSWERS } from '../identity.tokens.js';
import { goOn, type Reply } from '../sign-in/onwards.reply.js';
import { SignInDesk } from '../sign-in/sign-in.desk.js';
import { SignInFailure } from '../sign-in/sign-in.provider.js';
import type { KeptAnswers } from './kept-answers.file.js';
import { samlMetadata } from './saml.metadata.js';
import { SamlSignIn } from './saml.provider.js';
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
  readonly #log = new Logger('saml');

  constructor(
    @Inject(SignInDesk) private readonly desk: SignInDesk,
    @Inject(TakenAssertions) private readonly taken: TakenAssertions,
    @Inject(SAML_ANSWERS) private readonly answers: KeptAnswers,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get(':name/metadata')
  @Header('content-type', 'application/samlmetadata+xml')
  @ApiOkResponse({ description: 'what to import at the provider' })
  metadata(@Param('name') name: string): string {
    return samlMetadata(this.#provider(name).settings);
  }

  @Post(':name/acs')
  @ApiResponse({ status: 303, description: 'to finish, or to the sign-in page' })
  async acs(
    @Param('name') name: string,
    @Body({ schema: form }) { SAMLResponse }: z.infer<typeof form>,
    @Res() reply: Reply,
  ): Promise<void> {
    const redirect = await this.#accept(this.#provider(name), SAMLResponse);
    goOn(reply, 303, { to: { redirect }, cookies: [] });
  }

  @Get(':name/finish')
  @ApiResponse({ status: 303, description: 'to where the person wanted to go, or to the sign-in page' })
  async finish(@Param('name') name: string, @Req() { raw }: Request, @Res() reply: Reply): Promise<void> {
    const url = raw.url ?? '';
    const search = url.includes('?') ? url.slice(url.indexOf('?')) : '';
    goOn(reply, 303, await this.desk.finish(name, { search, body: {} }, raw));
  }

  /** Never throws. Where the browser goes with its answer. */
  async #accept(provider: SamlSignIn, samlResponse: string): Promise<string> {
    try {
      const answer = await provider.verify(samlResponse);
      await this.taken.take(answer);
      const code = await this.answers.put(answer, this.clock.now());
      return `/api/identity/saml/${provider.name}/finish?code=${code}`;
    } catch (error) {
      const code = error instanceof SignInFailure ? error.code : 'unavailable';
      const message = error instanceof Error ? error.message : String(error);
      this.#log.warn({ message, provider: provider.name, code });
      return `/sign-in?error=${code}`;
    }
  }

  #provider(name: string): SamlSignIn {
    const provider = this.desk.provider(name);
    if (!(provider instanceof SamlSignIn)) throw new AppError('NOT_FOUND', 'there is no such provider');
    return provider;
  }
}
