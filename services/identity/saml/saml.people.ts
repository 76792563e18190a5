import { Logger } from '@nestjs/common';
import type { WeirConfig } from '#platform';

/**
 * The SAML providers whose people have another name by OpenID Connect, as whom they ask with tokens: who approves by
 * SAML is then not known to be who asked.
 */
export function namedApart({ identity: { oidc, saml } }: Pick<WeirConfig, 'identity'>): readonly string[] {
  if (oidc.length === 0) return [];
  return saml.filter(({ peopleOf }) => peopleOf === undefined).map(({ name }) => name);
}

/** Once, at the start. */
export function warnOfNamesApart(config: Pick<WeirConfig, 'identity'>): void {
  const providers = namedApart(config);
  if (providers.length === 0) return;
  const message =
    'four eyes do not hold between OpenID Connect and SAML: one person has a name by each; set identity.saml[].peopleOf';
  new Logger('saml').warn({ message, providers });
}
