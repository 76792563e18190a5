import type { Configuration } from 'openid-client';
import type { OidcIssuerConfig } from '#platform';
import { SignInFailure } from '../sign-in/sign-in.provider.js';

type Issuer = Pick<OidcIssuerConfig, 'name' | 'audience' | 'subjectClaim' | 'signIn'>;

/**
 * A provider that knows pairwise subjects alone calls one person by another `sub` for each client. By two clients one
 * person would then be two, and could approve what they asked for themselves: such a sign-in does not begin. Throws
 * SignInFailure.
 */
export function refuseTwoNames(
  config: Pick<Configuration, 'serverMetadata'>,
  { name, audience, subjectClaim, signIn }: Issuer,
): void {
  const { subject_types_supported: types = [] } = config.serverMetadata();
  if (subjectClaim !== 'sub' || types.length === 0 || types.includes('public')) return;
  const clients = new Set([audience, signIn?.clientId, signIn?.cliClientId ?? signIn?.clientId]);
  if (clients.size > 1)
    throw new SignInFailure(
      'refused',
      `${name} calls one person by another sub for each client, and there are several here: set its subjectClaim`,
    );
}
