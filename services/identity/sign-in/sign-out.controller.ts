import { Controller, HttpCode, Inject, Logger, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AppError } from '#kernel';
import { Authenticated, Caller, PageSessions, setCookie, type CallerIdentity } from '#platform';
import { KEPT_SECRETS, SIGN_IN_PROVIDERS } from '../identity.tokens.js';
import type { KeptSecretsFiles } from '../pages/kept-secrets.file.js';
import { PageSessionDesk } from '../pages/page-session.desk.js';
import type { Reply } from './onwards.reply.js';
import type { KeptSecrets, SignInProvider } from './sign-in.provider.js';

const signedOut = z.object({ continue: z.string().nullable() });

@ApiTags('identity')
@Controller('identity')
export class SignOutController {
  readonly #log = new Logger('sign-out');

  constructor(
    @Inject(SIGN_IN_PROVIDERS) private readonly providers: readonly SignInProvider[],
    @Inject(PageSessionDesk) private readonly desk: PageSessionDesk,
    @Inject(PageSessions) private readonly pages: PageSessions,
    @Inject(KEPT_SECRETS) private readonly kept: KeptSecretsFiles,
  ) {}

  /** Ends the page session; the page then goes to `continue`, where the provider ends its own, if it can. */
  @Authenticated()
  @Post('sign-out')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: signedOut })
  async signOut(
    @Caller() { page }: CallerIdentity,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<z.infer<typeof signedOut>> {
    if (!page) throw new AppError('INPUT_INVALID', 'a bearer token has no page session to end');
    const { session } = page;
    const kept = await this.kept.get(session.id);
    await this.desk.end(session, 'signed out');
    reply.header('set-cookie', setCookie(this.pages.cookies.session, '', this.pages.cookies, 0));
    return { continue: kept ? await this.#onwards(session.provider, kept) : null };
  }

  /** Never throws: whatever is wrong at the provider, the session here is over. */
  async #onwards(name: string, kept: KeptSecrets): Promise<string | null> {
    try {
      const provider = this.providers.find((candidate) => candidate.name === name);
      return (await provider?.signOut?.(kept)) ?? null;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#log.warn({ message: `nobody is signed out at the provider: ${message}`, provider: name });
      return null;
    }
  }
}
