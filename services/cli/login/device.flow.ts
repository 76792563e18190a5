import type { Configuration } from 'openid-client';
import { CliError, exit } from '../exit-codes.js';
import { providerFailure } from './login.provider.js';
import type { Granted } from './login.tokens.js';

export interface DevicePrompt {
  readonly code: string;
  /** Where to type it. */
  readonly url: string;
  /** The same with the code in it. */
  readonly complete: string | undefined;
}

/** Device authorization grant (RFC 8628): the person signs in on any other device. */
export async function deviceFlow(
  config: Configuration,
  scopes: readonly string[],
  show: (prompt: DevicePrompt) => void,
): Promise<Granted> {
  const oidc = await import('openid-client');
  if (!hasDeviceFlow(config))
    throw new CliError(
      exit.failed,
      'this provider has no device sign-in: run without --device, at a browser',
    );
  try {
    const begun = await oidc.initiateDeviceAuthorization(config, { scope: scopes.join(' ') });
    show({ code: begun.user_code, url: begun.verification_uri, complete: begun.verification_uri_complete });
    return await oidc.pollDeviceAuthorizationGrant(config, begun);
  } catch (cause) {
    throw providerFailure('the sign-in failed', cause);
  }
}

export function hasDeviceFlow(config: Configuration): boolean {
  return config.serverMetadata().device_authorization_endpoint !== undefined;
}
