import { X509Certificate } from 'node:crypto';
import { SAML, ValidateInResponseTo, type SamlConfig } from '@node-saml/node-saml';
import { AppError } from '#kernel';
import { resolveSecret, type SamlProviderConfig, type WeirConfig } from '#platform';

/** What both sides call each other, and where they find each other. */
export interface SamlSettings {
  readonly config: SamlProviderConfig;
  /** Ours. */
  readonly entityId: string;
  readonly acsUrl: string;
  readonly logoutUrl: string;
  /** PEM: the provider's, any of which may have signed. */
  readonly certificates: readonly string[];
  /** Groups whose members are agents. */
  readonly agents: readonly string[];
  /** Milliseconds. */
  readonly skew: number;
}

/** Throws CONFIG_INVALID for certificates that can't be what they should be: now, not at the first sign-in. */
export function samlSettings(
  config: SamlProviderConfig,
  { publicUrl, file, identity }: Pick<WeirConfig, 'publicUrl' | 'file' | 'identity'>,
): SamlSettings {
  const base = `${publicUrl}/api/identity/saml/${config.name}`;
  return {
    config,
    entityId: config.entityId ?? `${base}/metadata`,
    acsUrl: `${base}/acs`,
    logoutUrl: `${base}/logout`,
    certificates: config.idpCerts.map((text) => rsaCertificate(resolveSecret(text, file), config.name)),
    agents: config.agents ?? identity.oidc.flatMap(({ agents }) => agents),
    skew: config.clockSkew * 1000,
  };
}

/** The library, set as strictly as it goes. What it does not look at, `saml.response.ts` and `saml.logout.ts` do. */
export function samlEngine(settings: SamlSettings, more: Partial<SamlConfig> = {}): SAML {
  const { config, entityId, acsUrl, certificates, skew } = settings;
  return new SAML({
    entryPoint: config.ssoUrl,
    ...(config.sloUrl === undefined ? {} : { logoutUrl: config.sloUrl }),
    callbackUrl: acsUrl,
    issuer: entityId,
    audience: entityId,
    idpIssuer: config.idpEntityId,
    idpCert: [...certificates],
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: config.signedResponse,
    // Bound to the browser's transaction instead: that works in whichever process the answer arrives.
    validateInResponseTo: ValidateInResponseTo.never,
    cacheProvider: {
      saveAsync: () => Promise.resolve(null),
      getAsync: () => Promise.resolve(null),
      removeAsync: () => Promise.resolve(null),
    },
    acceptedClockSkewMs: skew,
    // What kind of name, and how people prove themselves, is the provider's to decide.
    identifierFormat: null,
    disableRequestedAuthnContext: true,
    signatureAlgorithm: 'sha256',
    ...more,
  });
}

function rsaCertificate(pem: string, provider: string): string {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw new AppError(
      'CONFIG_INVALID',
      `identity.saml ${provider}: idpCerts holds what is no PEM certificate`,
      {
        cause,
      },
    );
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  if (type !== 'rsa' || (details?.modulusLength ?? 0) < 2048)
    throw new AppError(
      'CONFIG_INVALID',
      `identity.saml ${provider}: idpCerts must be of RSA keys of 2048 bits or more`,
    );
  return certificate.toString();
}
