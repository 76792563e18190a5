import { createHash } from 'node:crypto';
import { AppError } from '#kernel';
import { ByteCursor, isLoopbackHost } from '#wire';
import type { TargetAddress } from '../gate/gate.js';
import {
  backend,
  cstring,
  frontend,
  int32,
  message,
  readBackendKeyData,
  readReadyForQuery,
  type BackendKey,
} from './codec.js';
import { endPointBinding } from './scram-binding.js';
import { startScram, type ScramExchange } from './scram.js';
import { targetError, type TargetChannel, type TargetError } from './target-channel.js';
import { unreachable, untrusted, type TargetSocket } from './target-tls.js';

/* Authentication (B): 'R' length kind:int32 ... */
const kinds = { ok: 0, cleartext: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;

/** Before a login is done nothing long is said. libpq draws the line at 2,000 for authentication, 30,000 for errors. */
const MAX_LOGIN_MESSAGE = 30_000;
/** All of it together: a login is a dozen messages, and notices could come for ever. */
const MAX_LOGIN = 1024 * 1024;

/** StartupMessage to ReadyForQuery; returns the cancel key. The server's own words reach nobody but the cause. */
export async function logIn(
  channel: TargetChannel,
  address: TargetAddress,
  socket: TargetSocket,
  settings: ReadonlyMap<string, string>,
): Promise<BackendKey | undefined> {
  channel.stream.write(startupMessage(address, settings));
  const proof = new Proof(address, socket, channel);
  let key: BackendKey | undefined;
  let bytes = 0;
  for (;;) {
    const answer = await channel.next(MAX_LOGIN_MESSAGE);
    const type = answer[0];
    bytes += answer.length;
    if (bytes > MAX_LOGIN) throw untrusted(address, 'it says too much during login');
    if (type === backend.errorResponse) throw loginError(address, targetError(answer));
    if (type === backend.noticeResponse) continue;
    if (!proof.done) {
      if (type !== backend.authentication) throw untrusted(address, 'it broke the protocol during login');
      await proof.answer(answer);
    } else if (type === backend.readyForQuery) {
      if (readReadyForQuery(answer) !== 'I')
        throw untrusted(address, 'it begins in the middle of a transaction');
      return key;
    } else if (type === backend.backendKeyData) key = readBackendKeyData(answer);
    else if (type === backend.parameterStatus) channel.noteParameter(answer);
    else throw untrusted(address, 'it broke the protocol during login');
  }
}

/* StartupMessage (F): length:int32 196608 [ name:cstring value:cstring ]* 0 */
function startupMessage({ user, database }: TargetAddress, settings: ReadonlyMap<string, string>): Buffer {
  const pairs = [['user', user], ['database', database], ...settings].flat().map(cstring);
  const body = Buffer.concat([int32(196608), ...pairs, Buffer.alloc(1)]);
  return Buffer.concat([int32(body.length + 4), body]);
}

/** One authentication exchange: the server asks once, we answer once, and under SCRAM it proves itself too. */
class Proof {
  done = false;
  private asked = false;
  private scram: ScramExchange | undefined;
  private scramStep: 'first' | 'final' | 'verified' = 'first';

  constructor(
    private readonly address: TargetAddress,
    private readonly socket: TargetSocket,
    private readonly channel: TargetChannel,
  ) {}

  async answer(request: Buffer): Promise<void> {
    const cursor = new ByteCursor(request, 5, request.length);
    const kind = cursor.int32();
    if (kind === kinds.ok) return this.accept();
    if (kind === kinds.saslContinue) return this.continueScram(text(cursor));
    if (kind === kinds.saslFinal) return this.finishScram(text(cursor));
    // A second request could ask for a weaker proof of what was proven.
    if (this.asked) throw untrusted(this.address, 'it asked for a password twice');
    this.asked = true;
    if (kind === kinds.cleartext) return this.sendCleartext();
    if (kind === kinds.md5) return this.sendPassword(md5Response(this.address, cursor.bytes(4)));
    if (kind === kinds.sasl) return this.beginScram(cursor);
    throw new AppError(
      'TARGET_REFUSED',
      `the target of connection "${this.address.name}" asks for a way of authentication that Weirkeeper does not know`,
    );
  }

  private accept(): void {
    if (this.scram !== undefined && this.scramStep !== 'verified')
      throw untrusted(this.address, 'it skipped its own proof');
    this.done = true;
  }

  /** libpq sends it anywhere. Here it needs TLS, or a peer that is this host: whoever listens would have it. */
  private sendCleartext(): void {
    if (this.socket.certificate === undefined && !isLoopbackHost(this.address.host))
      throw untrusted(this.address, 'it asks for the password in the clear, without TLS');
    this.sendPassword(this.address.password);
  }

  private sendPassword(password: string): void {
    this.channel.stream.write(message(frontend.password, password));
  }

  /* AuthenticationSASL: [ mechanism:cstring ]* 0     SASLInitialResponse (F): 'p' length mechanism:cstring size:int32 bytes */
  private beginScram(cursor: ByteCursor): void {
    const offered: string[] = [];
    for (let name = cursor.cstring(); name !== ''; name = cursor.cstring()) offered.push(name);
    const { certificate } = this.socket;
    const binding = certificate === undefined ? 'none' : (endPointBinding(certificate) ?? 'unknown');
    this.scram = startScram({ password: this.address.password, offered, binding });
    const first = Buffer.from(this.scram.clientFirst);
    this.channel.stream.write(message(frontend.password, this.scram.mechanism, first.length, first));
  }

  private async continueScram(serverFirst: string): Promise<void> {
    if (this.scram === undefined || this.scramStep !== 'first')
      throw untrusted(this.address, 'it broke the order of SCRAM');
    const final = await this.scram.clientFinal(serverFirst);
    this.scramStep = 'final';
    this.channel.stream.write(message(frontend.password, Buffer.from(final)));
  }

  private finishScram(serverFinal: string): void {
    if (this.scram === undefined || this.scramStep !== 'final')
      throw untrusted(this.address, 'it broke the order of SCRAM');
    this.scram.verify(serverFinal);
    this.scramStep = 'verified';
  }
}

const text = (cursor: ByteCursor): string => cursor.bytes(cursor.remaining).toString('utf8');

/** md5(md5(password + user) + salt). Weak, but what the server asks for; taken anywhere, as libpq does. */
export function md5Response(
  { password, user }: Pick<TargetAddress, 'password' | 'user'>,
  salt: Buffer,
): string {
  const md5 = (...parts: (string | Buffer)[]) => {
    const hash = createHash('md5');
    for (const part of parts) hash.update(part);
    return hash.digest('hex');
  };
  return `md5${md5(md5(password, user), salt)}`;
}

/** The target's login errors are replaced: its words may name hosts, roles and files. */
function loginError(address: TargetAddress, cause: TargetError): AppError {
  const refuse = (why: string) =>
    new AppError('TARGET_REFUSED', `the target of connection "${address.name}" ${why}`, { cause });
  const { code } = cause;
  if (code.startsWith('28')) return refuse("refused Weirkeeper's credential");
  if (code === '3D000') return refuse('has no such database');
  if (code === '53300') return refuse('takes no more connections');
  if (code === '22023' || code === '42704' || code === '22P02')
    return refuse('refused a startup setting of this client');
  if (code.startsWith('57P')) return unreachable(address, cause);
  return refuse('refused the login');
}
