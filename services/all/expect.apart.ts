import { AppError } from '#kernel';
import { issuersOf, planDevProvider, type WeirConfig } from '#platform';

/**
 * What some of the services, and not all, can't start without, and would else miss only when a client comes. Throws
 * CONFIG_INVALID.
 */
export function expectApart(config: WeirConfig, env: NodeJS.ProcessEnv, names: readonly string[]): void {
  if (config.eventLog.kind === 'kafka' && !env['WEIR_SHARED'])
    throw new AppError('CONFIG_INVALID', 'services apart need WEIR_SHARED: keys and passwords are in it', {
      hint: 'give all of them the same folder as WEIR_SHARED, one that each can reach; of this start alone it may be WEIR_DATA',
    });
  const plan = planDevProvider(config);
  if (!names.includes('proxy') || issuersOf(config).length > 0 || plan.start) return;
  throw new AppError(
    'CONFIG_INVALID',
    `a proxy needs an issuer of tokens: none is configured, and the development provider is off (${plan.why})`,
    { hint: `name your OpenID provider in ${config.file}, identity.oidc` },
  );
}
