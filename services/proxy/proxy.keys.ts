import { join } from 'node:path';
import { secretKeyFile } from '#platform';

/** The data plane's own keys, made on first start. */
export async function proxyKeys(
  sharedDir: string,
): Promise<{ pseudonym: Buffer; binding: Buffer; lookups: Buffer }> {
  const keys = join(sharedDir, 'keys');
  return {
    pseudonym: await secretKeyFile(join(keys, 'pseudonym.key')),
    binding: await secretKeyFile(join(keys, 'binding.key')),
    lookups: await secretKeyFile(join(keys, 'lookups.key')),
  };
}
