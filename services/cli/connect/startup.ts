import { ByteCursor, type ExactReader } from '#wire';

/* StartupMessage:  length:int32 196608:int32 [ name:cstring value:cstring ]* 0      length includes itself
 * SSLRequest:      8:int32 80877103:int32          GSSENCRequest: 8:int32 80877104:int32
 * CancelRequest:   length:int32 80877102:int32 process:int32 key:bytes
 * https://www.postgresql.org/docs/current/protocol-message-formats.html */
const sslRequest = 80877103;
const gssEncRequest = 80877104;
const cancelRequest = 80877102;
/** The server's own limit. Bytes. */
const longest = 10_000;

export type Opening =
  | { readonly kind: 'cancel'; readonly packet: Buffer }
  | { readonly kind: 'startup'; readonly version: number; readonly parameters: ReadonlyMap<string, string> };

/** What a local client wants; requests for encryption are declined, for the way to it is loopback. */
export async function readOpening(reader: ExactReader): Promise<Opening> {
  for (;;) {
    const head = await reader.read(8);
    const [length, code] = [head.readInt32BE(0), head.readInt32BE(4)];
    if (length < 8 || length > longest) throw new Error('the client does not speak PostgreSQL');
    const rest = await reader.read(length - 8);
    if (code === sslRequest || code === gssEncRequest) reader.stream.write('N');
    else if (code === cancelRequest) return { kind: 'cancel', packet: Buffer.concat([head, rest]) };
    else return { kind: 'startup', version: code, parameters: parametersOf(rest) };
  }
}

function parametersOf(body: Buffer): Map<string, string> {
  const cursor = new ByteCursor(body, 0, body.length);
  const parameters = new Map<string, string>();
  for (let name = cursor.cstring(); name !== ''; name = cursor.cstring())
    parameters.set(name, cursor.cstring());
  return parameters;
}

export function startupMessage(version: number, parameters: ReadonlyMap<string, string>): Buffer {
  const pairs = [...parameters].flatMap(([name, value]) => [name, '\0', value, '\0']).join('');
  const body = Buffer.from(`${pairs}\0`);
  return Buffer.concat([int32(body.length + 8), int32(version), body]);
}

export function sslRequestMessage(): Buffer {
  return Buffer.concat([int32(8), int32(sslRequest)]);
}

/* PasswordMessage (p): 'p' length:int32 password:cstring */
export function passwordMessage(password: string): Buffer {
  const body = Buffer.from(`${password}\0`);
  return Buffer.concat([Buffer.from('p'), int32(body.length + 4), body]);
}

/* ErrorResponse (E): 'E' length:int32 [ field:byte value:cstring ]* 0 */
export function fatalError(sqlstate: string, message: string): Buffer {
  const body = Buffer.from(`SFATAL\0VFATAL\0C${sqlstate}\0M${message}\0\0`);
  return Buffer.concat([Buffer.from('E'), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
