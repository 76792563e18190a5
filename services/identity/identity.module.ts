import { join } from 'node:path';
import { Module } from '@nestjs/common';
import type { Clock } from '#kernel';
import { CLOCK, CONFIG, issuersOf, secretKeyFile, type WeirConfig } from '#platform';
import { KEPT_SECRETS, PAGES_KEY, SIGN_IN_PROVIDERS } from './identity.tokens.js';
import { MeController } from './me.controller.js';
import { BackChannelController } from './oidc/back-channel.controller.js';
import { OidcSignIn } from './oidc/oidc.provider.js';
import { KeptSecretsFiles } from './pages/kept-secrets.file.js';
import { PageSessionDesk } from './pages/page-session.desk.js';
import { PageSessionKeeper } from './pages/page-session.keeper.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { SignInDesk } from './sign-in/sign-in.desk.js';
import type { SignInProvider } from './sign-in/sign-in.provider.js';
import { SignOutController } from './sign-in/sign-out.controller.js';

/** Who calls, and how people sign in. The check of tokens and cookies is platform's: every process does it alike. */
@Module({
  controllers: [BackChannelController, MeController, SignInController, SignOutController],
  providers: [
    {
      provide: PAGES_KEY,
      inject: [CONFIG],
      useFactory: ({ dataDir }: WeirConfig) => secretKeyFile(join(dataDir, 'keys', 'pages.key')),
    },
    {
      provide: KEPT_SECRETS,
      inject: [CONFIG, PAGES_KEY],
      useFactory: ({ dataDir }: WeirConfig, key: Buffer) => new KeptSecretsFiles(dataDir, key),
    },
    { provide: SIGN_IN_PROVIDERS, inject: [CONFIG, CLOCK], useFactory: providersOf },
    PageSessionDesk,
    PageSessionKeeper,
    SignInDesk,
  ],
})
export class IdentityModule {}

function providersOf(config: WeirConfig, clock: Clock): readonly SignInProvider[] {
  return issuersOf(config).flatMap((issuer) =>
    issuer.signIn ? [new OidcSignIn(issuer, issuer.signIn, config, clock)] : [],
  );
}
