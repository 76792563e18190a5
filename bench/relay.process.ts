import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Lane, MessageScanner, Outbox, throttle, tie } from '#wire';

/*
 * What a Node process costs that only looks at frames: each message is found, none is read. It takes no TLS and
 * no cancel; its first message is the StartupMessage, which has no type byte. Started with the target's host and
 * port; sends its own port to its parent.
 */
const [host = '', port = ''] = process.argv.slice(2);
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
  lane(client, toTarget, afterStartup(framesInto(toTarget), toTarget), fail);
  lane(target, toClient, framesInto(toClient), fail);
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

function framesInto(outbox: Outbox): (chunk: Buffer) => void {
  const scanner = new MessageScanner({ maxLength });
  return (chunk) =>
    void scanner.push(chunk, (_type, buffer, start, end) => {
      outbox.pushSlice(buffer, start, end);
    });
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
