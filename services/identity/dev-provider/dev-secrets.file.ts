import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { z } from 'zod';
import { AppError, createDurably, newId } from '#kernel';
import { devRoles } from '#platform';

const client = z.strictObject({ id: z.string().min(1), secret: z.string().min(1) });
const secretsSchema = z.strictObject({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })).min(1),
  clients: z.strictObject({
    agent: client,
    approver: client,
    security: client,
    auditor: client,
    operator: client,
  }),
  /** Signs its cookies; files of earlier versions have none, and get one at each start. */
  cookieKey: z
    .string()
    .min(1)
    .default(() => randomBytes(32).toString('base64url')),
});
export type DevSecrets = z.infer<typeof secretsSchema>;

/** `<sharedDir>/dev-idp.json`, mode 0600: signing key and client secrets, made on first start and kept. */
export async function openDevSecrets(sharedDir: string): Promise<DevSecrets> {
  const file = join(sharedDir, 'dev-idp.json');
  const text = readIfThere(file);
  if (text === undefined) return makeSecrets(file).catch((error: unknown) => madeMeanwhile(error, sharedDir));
  chmodSync(file, 0o600);
  try {
    return secretsSchema.parse(JSON.parse(text));
  } catch (cause) {
    const hint = 'delete it; the next start makes a new one';
    throw new AppError('CONFIG_INVALID', `${file} is not what the development provider wrote; ${hint}`, {
      cause,
      hint,
    });
  }
}

/** Another process was first: its secrets are everybody's. */
function madeMeanwhile(error: unknown, sharedDir: string): Promise<DevSecrets> {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  return openDevSecrets(sharedDir);
}

async function makeSecrets(file: string): Promise<DevSecrets> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const { kty, ...key } = await exportJWK(privateKey);
  const clients = Object.fromEntries(
    devRoles.map((role) => [role, { id: `dev-${role}`, secret: randomBytes(32).toString('base64url') }]),
  );
  const secrets = secretsSchema.parse({
    keys: [{ ...key, kty, kid: newId('key'), use: 'sig', alg: 'ES256' }],
    clients,
    cookieKey: randomBytes(32).toString('base64url'),
  });
  await createDurably(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('CONFIG_INVALID', `${file} cannot be read`, { cause: error });
  }
}
