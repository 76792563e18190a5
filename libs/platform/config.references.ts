import { isAppError } from '#kernel';
import { configInvalid } from './config.load.js';
import type { ConfigProblem } from './config.problems.js';
import type { WeirConfig } from './config.schema.js';
import { isSecretReference, resolveSecret } from './config.secret.js';

/**
 * Each `env:NAME` and `file:PATH` that this configuration can't start without leads somewhere; CONFIG_INVALID names file,
 * line and key of all that do not. A connection's password is none of these: without it that connection alone fails.
 */
export function expectReferences(config: WeirConfig, env: NodeJS.ProcessEnv = process.env): void {
  const problems = referencesOf(config).flatMap(([path, value]): ConfigProblem[] => {
    const message = isSecretReference(value) ? missing(value, config.file, env) : undefined;
    return message === undefined ? [] : [{ path, message }];
  });
  if (problems.length > 0) throw configInvalid(config, problems);
}

type Reference = readonly [path: readonly PropertyKey[], value: string];

function referencesOf({ identity, webhooks }: WeirConfig): Reference[] {
  const of = (path: readonly PropertyKey[], value: string | undefined): Reference[] =>
    value === undefined ? [] : [[path, value]];
  return [
    ...identity.oidc.flatMap(({ signIn }, i) =>
      of(['identity', 'oidc', i, 'signIn', 'clientSecret'], signIn?.clientSecret),
    ),
    ...identity.saml.flatMap(({ idpCerts }, i) =>
      idpCerts.flatMap((value, n) => of(['identity', 'saml', i, 'idpCerts', n], value)),
    ),
    ...webhooks.flatMap(({ url, secret }, i) => [
      ...of(['webhooks', i, 'url'], url),
      ...of(['webhooks', i, 'secret'], secret),
    ]),
  ];
}

function missing(value: string, file: string, env: NodeJS.ProcessEnv): string | undefined {
  try {
    resolveSecret(value, file, env);
    return undefined;
  } catch (error) {
    if (isAppError(error, 'CONFIG_INVALID')) return error.message;
    throw error;
  }
}
