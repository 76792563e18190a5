import { randomBytes } from 'node:crypto';
import { appendFile, link, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '#kernel';
import { resolveSecret, type WeirConfig } from '#platform';
import { newSignerKey, parseSignerKey, parseVerifierKeys, type SignerKey, type VerifierKey } from '#proof';
import { readIfThere, writeWhole } from './whole.file.js';

export interface ProofKeys {
  /** Signs from now on. */
  readonly signer: SignerKey;
  /** Of every key that ever signed here, the newest last. */
  readonly verifiers: readonly VerifierKey[];
}

/**
 * The key that signs checkpoints: the configured one, else one in a file of its own, made on first start. A new one
 * signs from then on; the public parts of all that came before are kept. All keys have one name, since it names the
 * trees.
 */
export async function openProofKeys(config: WeirConfig): Promise<ProofKeys> {
  const list = join(config.dataDir, 'proof', 'keys');
  await mkdir(dirname(list), { recursive: true, mode: 0o700 });
  const known = await knownKeys(list);
  const signer = parseSigner(await signerText(config, known.at(-1)?.name));
  const { name, id, text } = signer.verifier;
  const other = known.find((each) => each.name !== name);
  if (other)
    throw new AppError(
      'CONFIG_INVALID',
      `the key that signs checkpoints is called ${name}, the ones before it ${other.name}`,
      {
        hint: 'a new key keeps the name: it names the trees',
      },
    );
  if (known.some((each) => each.id === id)) return { signer, verifiers: known };
  await appendFile(list, `${text}\n`, { mode: 0o644 });
  return { signer, verifiers: [...known, signer.verifier] };
}

async function signerText(config: WeirConfig, name: string | undefined): Promise<string> {
  const { key } = config.audit.proof;
  if (key !== undefined) return resolveSecret(key, config.file);
  const path = join(config.sharedDir, 'keys', 'checkpoints.key');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await makeOnce(path, () => newSignerKey(name ?? newName(config.publicUrl)));
  return readFile(path, 'utf8');
}

/** Nothing that two instances share: checkpoints of one must not pass for the other's. */
const newName = (publicUrl: string): string =>
  `${new URL(publicUrl).host}/weir-${randomBytes(4).toString('hex')}`;

/** Whole or not there: of two services that start at once, one reads what the other made. */
async function makeOnce(path: string, make: () => string): Promise<void> {
  if (await readIfThere(path)) return;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeWhole(draft, `${make()}\n`);
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function parseSigner(text: string): SignerKey {
  try {
    return parseSignerKey(text);
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `the key that signs checkpoints: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function knownKeys(path: string): Promise<VerifierKey[]> {
  try {
    return parseVerifierKeys(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new AppError('CONFIG_INVALID', `${path}: ${(error as Error).message}`, { cause: error });
  }
}
