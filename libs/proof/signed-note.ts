import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/* C2SP signed-note.

   note      = text "\n" signature+          the text ends with a newline; what separates is the last empty line
   signature = "— " name " " base64( id:4 | signature ) "\n"
   id        = SHA-256( name | 0x0A | 0x01 | public key:32 )[0:4]        0x01: Ed25519

   A verifier's key is written name "+" hex( id ) "+" base64( 0x01 | public key:32 ), a signer's
   "PRIVATE+KEY+" name "+" hex( id ) "+" base64( 0x01 | seed:32 ). */

const ed25519 = 0x01;
const mostSignatures = 100;
const mostBytes = 1024 * 1024;
/** Ed25519 keys in DER are these bytes and the 32 of the key (RFC 8410). */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex');
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface VerifierKey {
  readonly name: string;
  /** Four bytes, hex. */
  readonly id: string;
  readonly publicKey: KeyObject;
  /** As it is handed out, in one line. */
  readonly text: string;
}

export interface SignerKey {
  readonly verifier: VerifierKey;
  readonly privateKey: KeyObject;
}

/** What keys can be called. */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\s+\p{C}]/u.test(name);
}

/** A new signer's key, as the one line that is kept. */
export function newSignerKey(name: string): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(pkcs8Head.length);
  return writeKey('PRIVATE+KEY+', verifierOf(name, createPublicKey(privateKey)), seed);
}

/** Throws for what is no such key; the message does not repeat it. */
export function parseSignerKey(text: string): SignerKey {
  const [, name = '', id = '', key = ''] =
    /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim()) ?? [];
  const seed = keyBytes(key);
  if (!isKeyName(name) || !seed) throw new Error('not a signer key (PRIVATE+KEY+name+id+key)');
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8Head, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const verifier = verifierOf(name, createPublicKey(privateKey));
  if (verifier.id !== id) throw new Error(`a signer key of ${name} whose id is not its own`);
  return { verifier, privateKey };
}

/** Throws for what is no such key. */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name = '', id = '', key = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim()) ?? [];
  const bytes = keyBytes(key);
  if (!isKeyName(name) || !bytes) throw new Error('not a verifier key (name+id+key)');
  const publicKey = createPublicKey({ key: Buffer.concat([spkiHead, bytes]), format: 'der', type: 'spki' });
  const verifier = verifierOf(name, publicKey);
  if (verifier.id !== id) throw new Error(`a verifier key of ${name} whose id is not its own`);
  return verifier;
}

/** One key a line; empty lines and those that begin with # are left out. */
export function parseVerifierKeys(text: string): VerifierKey[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map(parseVerifierKey);
}

/** `text` ends with a newline. The same text and key give the same note. */
export function signNote(text: string, signer: SignerKey): string {
  if (!isNoteText(text)) throw new Error('not a text that a note can have');
  const { name, id } = signer.verifier;
  const signature = Buffer.concat([Buffer.from(id, 'hex'), sign(null, Buffer.from(text), signer.privateKey)]);
  return `${text}\n— ${name} ${signature.toString('base64')}\n`;
}

/**
 * The note's text, if a key of the list signed it. A signature of a known key that does not hold makes the whole note
 * worthless; signatures of unknown keys are passed over.
 */
export function openNote(
  note: string,
  keys: readonly VerifierKey[],
): { text: string; by: VerifierKey } | undefined {
  const parts = splitNote(note);
  if (!parts) return undefined;
  let by: VerifierKey | undefined;
  for (const { name, id, signature } of parts.signatures) {
    const key = keys.find((each) => each.name === name && each.id === id);
    if (!key) continue;
    if (!verify(null, Buffer.from(parts.text), key.publicKey, signature)) return undefined;
    by ??= key;
  }
  return by && { text: parts.text, by };
}

interface NoteSignature {
  readonly name: string;
  readonly id: string;
  readonly signature: Buffer;
}

/** Text and signatures of a note, none of them verified; undefined for what is no note. */
export function splitNote(note: string): { text: string; signatures: NoteSignature[] } | undefined {
  const at = note.lastIndexOf('\n\n');
  if (at < 0 || note.length > mostBytes || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, at + 1);
  const lines = note.slice(at + 2, -1).split('\n');
  const signatures = lines.map(signatureOf).filter((each) => each !== undefined);
  if (!isNoteText(text) || signatures.length !== lines.length || lines.length > mostSignatures)
    return undefined;
  return { text, signatures };
}

function signatureOf(line: string): NoteSignature | undefined {
  const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/.exec(line) ?? [];
  const bytes = strictBase64(encoded);
  if (!isKeyName(name) || !bytes || bytes.length < 5) return undefined;
  return { name, id: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) };
}

function isNoteText(text: string): boolean {
  return text.endsWith('\n') && !/\p{Surrogate}/u.test(text) && !/[\x00-\x09\x0b-\x1f]/.test(text);
}

function verifierOf(name: string, publicKey: KeyObject): VerifierKey {
  const bytes = publicKey.export({ format: 'der', type: 'spki' }).subarray(spkiHead.length);
  const hash = createHash('sha256').update(`${name}\n`).update(Buffer.of(ed25519)).update(bytes).digest();
  const id = hash.toString('hex', 0, 4);
  return { name, id, publicKey, text: writeKey('', { name, id }, bytes) };
}

function writeKey(prefix: string, { name, id }: Pick<VerifierKey, 'name' | 'id'>, key: Uint8Array): string {
  return `${prefix}${name}+${id}+${Buffer.concat([Buffer.of(ed25519), key]).toString('base64')}`;
}

function keyBytes(encoded: string): Buffer | undefined {
  const bytes = strictBase64(encoded);
  return bytes?.length === 33 && bytes[0] === ed25519 ? bytes.subarray(1) : undefined;
}

/** Base64 has many spellings of one value for Buffer, one for the specification. */
export function strictBase64(encoded: string): Buffer | undefined {
  const bytes = Buffer.from(encoded, 'base64');
  return encoded !== '' && bytes.toString('base64') === encoded ? bytes : undefined;
}
