import { AppError } from '#kernel';
import { resolveConnectionSecret } from '#platform';
import type { TargetAddress } from './gate.js';
import type { PolicyFollower } from './policy-follower.js';

/**
 * A connection's target, with its credential. Asked only once the token is good: strangers do not learn which
 * connections there are. Throws CONNECTION_UNKNOWN, STALE_SNAPSHOT.
 */
export async function targetAddress(
  name: string,
  policies: PolicyFollower,
  sharedDir: string,
): Promise<TargetAddress> {
  policies.policies();
  const found = policies.state.connections.get(name);
  const registered = found?.connection;
  if (!registered || registered.protocol !== 'postgres')
    throw new AppError('CONNECTION_UNKNOWN', `there is no connection "${name}"`, {
      hint: 'the database name is the name of a Weirkeeper connection',
    });
  const { host, port, database, user, tls, tlsCa, owner, allowPrivileged } = registered;
  return {
    name,
    host,
    port,
    database,
    user,
    password: await resolveConnectionSecret(registered, sharedDir),
    tls: tls === 'disable' || tls === 'verify-full' ? tls : 'require',
    ...(tlsCa ? { tlsCa } : {}),
    owner,
    allowPrivileged,
    isHouse: found?.owner === 'house',
  };
}
