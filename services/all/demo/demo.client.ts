import type { Socket } from 'node:net';
import type { TurnTaker, Turns } from './demo.turns.js';

const query = 0x51;
const sync = 0x53;
const terminate = 0x58;
const password = 0x70;
const named = new Set([0x50, 0x42, 0x44, 0x43]); // Parse, Bind, Describe, Close

let clients = 0;

/** The demo database's side of one connection: log-in, then whole segments passed on in turns. */
export class DemoClient implements TurnTaker {
  readonly settings: string[] = [];
  private buffered = Buffer.alloc(0);
  private state: 'startup' | 'password' | 'ready' = 'startup';
  private segment: Buffer[] = [];
  private work = Promise.resolve();
  /** Prepared statements of all clients share PGlite's one namespace. */
  private readonly prefix = `c${++clients}_`;

  constructor(
    private readonly socket: Socket,
    private readonly secret: string,
    private readonly turns: Turns,
  ) {
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => void this.work.then(() => turns.leave(this)));
  }

  private take(chunk: Buffer): void {
    this.buffered = Buffer.concat([this.buffered, chunk]);
    for (;;) {
      const header = this.state === 'startup' ? 0 : 1;
      if (this.buffered.length < header + 4) return;
      const size = header + this.buffered.readInt32BE(header);
      if (size < 4 || size > 64 * 1024 * 1024) return void this.socket.destroy();
      if (this.buffered.length < size) return;
      const message = this.buffered.subarray(0, size);
      this.buffered = this.buffered.subarray(size);
      if (this.state === 'startup') this.startup(message);
      else if (this.state === 'password') this.logIn(message);
      else this.message(message);
    }
  }

  private startup(message: Buffer): void {
    const code = message.readInt32BE(4);
    if (code === 80877103 || code === 80877104) return void this.socket.write('N');
    if (code !== 196608) return void this.socket.end(); // a CancelRequest: what runs here can't be interrupted
    const words = message.toString('utf8', 8).split('\0');
    for (let i = 0; i + 1 < words.length && words[i]; i += 2)
      if (!['user', 'database'].includes(words[i]!)) this.settings.push(setting(words[i]!, words[i + 1]!));
    this.state = 'password';
    this.socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
  }

  private logIn(message: Buffer): void {
    if (message[0] !== password || message.toString('utf8', 5, message.length - 1) !== this.secret)
      return void this.socket.end();
    this.state = 'ready';
    const parameters = [
      'server_version\x0018.6',
      'server_encoding\0UTF8',
      'client_encoding\0UTF8',
      'DateStyle\0ISO, MDY',
    ];
    parameters.push(
      'TimeZone\0UTC',
      'integer_datetimes\0on',
      'standard_conforming_strings\0on',
      'IntervalStyle\0postgres',
    );
    this.socket.write(
      Buffer.concat([
        Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]),
        ...parameters.map((text) => frame(0x53, Buffer.from(`${text}\0`))),
        frame(0x4b, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])),
        frame(0x5a, Buffer.from('I')),
      ]),
    );
  }

  private message(message: Buffer): void {
    const type = message[0]!;
    if (type === terminate) return void this.socket.end();
    this.segment.push(named.has(type) ? this.renamed(message) : message);
    if (type !== query && type !== sync && type !== 0x48) return;
    if (type === query) this.remember(message);
    const bytes = Buffer.concat(this.segment);
    this.segment = [];
    this.work = this.work.then(() => this.run(bytes)).catch(() => void this.socket.destroy());
  }

  private run(bytes: Buffer): Promise<void> {
    return this.turns.run(this, bytes, (chunk) => {
      if (this.socket.writable) this.socket.write(Buffer.from(chunk));
    });
  }

  /** A setting made with SET holds for this client's later turns, too. */
  private remember(message: Buffer): void {
    const text = message.toString('utf8', 5, message.length - 1);
    if (/^\s*set\s+(?!local|transaction|role|session)[a-z_.]+\s*(?:=|to)\s*[^;]*;?\s*$/i.test(text))
      this.settings.push(text);
  }

  /* Parse: name…   Bind: portal statement…   Describe, Close: 'S' or 'P' name */
  private renamed(message: Buffer): Buffer {
    const type = message[0]!;
    const isPortal = (type === 0x44 || type === 0x43) && message[5] === 0x50;
    const at = type === 0x42 ? message.indexOf(0, 5) + 1 : type === 0x50 ? 5 : 6;
    if (isPortal || message[at] === 0) return message;
    return frame(
      type,
      Buffer.concat([message.subarray(5, at), Buffer.from(this.prefix), message.subarray(at)]),
    );
  }
}

function frame(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header[0] = type;
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

function setting(name: string, value: string): string {
  return `SET "${name.replaceAll('"', '""')}" TO '${value.replaceAll("'", "''")}'`;
}
