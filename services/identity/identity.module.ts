import { join } from 'node:path';
import { Module } from '@nestjs/common';
import type { Clock } from '#kernel';
import { CLOCK, CONFIG, issuersOf, secretKeyFile, type WeirConfig } from '#platform';
import { KEPT_SECRETS, PAGES_KEY, SAML_ANSWERS, SIGN_IN_PROVIDERS } from './identity.tokens.js';
import { MeController } from './me.controller.js';
import { BackChannelController } from './oidc/back-channel.controller.js';
import { OidcSignIn } from './oidc/oidc.provider.js';
import { KeptSecretsFiles } from './pages/kept-secrets.file.js';
import { PageSessionDesk } from './pages/page-session.desk.js';
import { PageSessionKeeper } from './pages/page-session.keeper.js';
import { KeptAnswers } from './saml/kept-answers.file.js';
import { SamlLogoutController } from './saml/saml-logout.controller.js';
import { SamlController } from './saml/saml.controller.js';
import { warnOfNamesApart } from './saml/saml.people.js';
import { SamlSignIn } from './saml/saml.provider.js';
import { TakenAssertions } from './saml/taken-assertions.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { SignInDesk } from './sign-in/sign-in.desk.js';
import type { SignInProvider } from './sign-in/sign-in.provider.js';
import { SignInRefusals } from './sign-in/sign-in.refusals.js';
import { SignOutController } from './sign-in/sign-out.controller.js';

/** Who calls, and how people sign in. The check of tokens and cookies is platform's: every process does it alike. */
@Module({
  controllers: [
    BackChannelController,
    MeController,
    SamlController,
    SamlLogoutController,
    SignInController,
    SignOutController,
  ],
  providers: [
    {
      provide: PAGES_KEY,
      inject: [CONFIG],
      useFactory: ({ sharedDir }: WeirConfig) => secretKeyFile(join(sharedDir, 'keys', 'pages.key')),
    },
    {
      provide: KEPT_SECRETS,
      inject: [CONFIG, PAGES_KEY],
      useFactory: ({ sharedDir }: WeirConfig, key: Buffer) => new KeptSecretsFiles(sharedDir, key),
    },
    {
      provide: SAML_ANSWERS,
      inject: [CONFIG, PAGES_KEY],
      useFactory: ({ sharedDir }: WeirConfig, key: Buffer) => new KeptAnswers(sharedDir, key),
    },
    { provide: SIGN_IN_PROVIDERS, inject: [CONFIG, CLOCK, SAML_ANSWERS], useFactory: providersOf },
    PageSessionDesk,
    PageSessionKeeper,
    SignInDesk,
    SignInRefusals,
    TakenAssertions,
  ],
})
export class IdentityModule {}

function providersOf(config: WeirConfig, clock: Clock, answers: KeptAnswers): readonly SignInProvider[] {
  warnOfNamesApart(config);
  return [
    ...issuersOf(config).flatMap((issuer) =>
      issuer.signIn ? [new OidcSignIn(issuer, issuer.signIn, config, clock)] : [],
    ),
    ...config.identity.saml.map((each) => new SamlSignIn(each, config, answers, clock)),
  ];
}
