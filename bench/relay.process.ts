import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { analyze, loadStatementParser } from '#statement';
import { Lane, MessageScanner, Outbox, throttle, tie, type OnMessage } from '#wire';
import {
  backend,
  frontend,
  readBind,
  readParse,
  readQuery,
  readRowDescription,
} from '../services/proxy/postgres/codec.js';

/*
 * What a Node process costs that looks at frames only (`frames`): each message is found, none is read; or that
 * understands them as well (`parsed`), statements included, and neither decides nor records. It takes no TLS and no
 * cancel; its first message is the StartupMessage, which has no type byte. Started with the target's host and port and
 * one of the two words; sends its own port to its parent.
 */
const [host = '', port = '', mode = 'frames'] = process.argv.slice(2);
if (mode === 'parsed') await loadStatementParser();
const maxLength = 64 * 1024 * 1024;

const server = createServer({ noDelay: true }, (client) => {
  const target = connect({ host, port: Number(port), noDelay: true });
  relay(client, target);
});
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit(0));

function relay(client: Socket, target: Socket): void {
  const toTarget = new Outbox(target);
  const toClient = new Outbox(client);
  const ends = tie(client, target, () => undefined);
  const fail = () => ends.destroy();
  lane(client, toTarget, afterStartup(framesInto(toTarget, readFromClient), toTarget), fail);
  lane(target, toClient, framesInto(toClient, readFromTarget), fail);
}

function lane(source: Socket, outbox: Outbox, handle: (chunk: Buffer) => void, fail: () => void): void {
  const take = (chunk: Buffer) => {
    handle(chunk);
    outbox.flush();
    throttle(outbox, 'congested', lanes);
    return undefined;
  };
  const lanes = [new Lane(source, take, fail)];
  lanes[0]!.start();
}

function framesInto(outbox: Outbox, read: OnMessage): (chunk: Buffer) => void {
  const scanner = new MessageScanner({ maxLength });
  return (chunk) =>
    void scanner.push(chunk, (type, buffer, start, end) => {
      if (mode === 'parsed') read(type, buffer, start, end);
      outbox.pushSlice(buffer, start, end);
    });
}

function readFromClient(type: number, buffer: Buffer, start: number, end: number): void {
  if (type === frontend.query) analyze(readQuery(buffer, start, end));
  if (type === frontend.parse) analyze(readParse(buffer, start, end).text);
  if (type === frontend.bind) readBind(buffer, start, end);
}

function readFromTarget(type: number, buffer: Buffer, start: number, end: number): void {
  if (type === backend.rowDescription) readRowDescription(buffer, start, end);
}

/* StartupMessage (F): length:int32 … */
function afterStartup(frames: (chunk: Buffer) => void, outbox: Outbox): (chunk: Buffer) => void {
  let held = Buffer.alloc(0);
  let started = false;
  return (chunk) => {
    if (started) return frames(chunk);
    held = Buffer.concat([held, chunk]);
    if (held.length < 4 || held.length < held.readInt32BE(0)) return undefined;
    started = true;
    const size = held.readInt32BE(0);
    outbox.pushSlice(held, 0, size);
    return held.length > size ? frames(held.subarray(size)) : undefined;
  };
}
