import { Controller, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AppError } from '#kernel';
import { Authenticated, Caller, PageSessions, setCookie, type CallerIdentity } from '#platform';
import { KEPT_SECRETS } from '../identity.tokens.js';
import type { KeptSecretsFiles } from '../pages/kept-secrets.file.js';
import { PageSessionDesk } from '../pages/page-session.desk.js';
import type { Reply } from './onwards.reply.js';
import { SignInDesk } from './sign-in.desk.js';

const signedOut = z.object({ continue: z.string().nullable() });

@ApiTags('identity')
@Controller('identity')
export class SignOutController {
  constructor(
    @Inject(PageSessionDesk) private readonly desk: PageSessionDesk,
    @Inject(SignInDesk) private readonly signIn: SignInDesk,
    @Inject(PageSessions) private readonly pages: PageSessions,
    @Inject(KEPT_SECRETS) private readonly kept: KeptSecretsFiles,
  ) {}

  /** Ends the page session; the page then goes to `continue`, where the provider ends its own. */
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
    const provider = this.signIn.provider(session.provider);
    return { continue: (kept && (await provider?.signOut?.(kept, session.principal))) ?? null };
  }
}
