/**
 * Storage for oidc-provider that keeps nothing: its access tokens are signed and self-contained, and its
 * clients are configured, so there is nothing to find again.
 */
export class ForgetfulAdapter {
  upsert = () => Promise.resolve();
  find = () => Promise.resolve(undefined);
  findByUid = () => Promise.resolve(undefined);
  findByUserCode = () => Promise.resolve(undefined);
  consume = () => Promise.resolve();
  destroy = () => Promise.resolve();
  revokeByGrantId = () => Promise.resolve();
}
