import { configInvalid, resolveSecret, type WeirConfig } from '#platform';
import { parseSignerKey } from '#proof';

/**
 * The key that signs checkpoints, where one is configured, is one; else CONFIG_INVALID, which names file, line and key, and not
 * the key's text. Known before the audit store is opened: what is found wrong after that ends audit alone, again and again.
 */
export function expectProofKey(config: WeirConfig, env: NodeJS.ProcessEnv): void {
  const { key } = config.audit.proof;
  if (key === undefined) return;
  try {
    parseSignerKey(resolveSecret(key, config.file, env));
  } catch (error) {
    throw configInvalid(config, [{ path: ['audit', 'proof', 'key'], message: (error as Error).message }]);
  }
}
