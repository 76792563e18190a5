import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/* Kafka's frames: size:int32, then of a request  api_key:int16 version:int16 correlation:int32 …
                                  of an answer    correlation:int32 … */
const produceKey = 0;

/** Stands before a broker, and can lose its answers (what was asked is done, and whoever asked does not hear of it) or hold them up. */
export class KafkaProxy {
  /** How many more answers to appends are lost, each with its connection. */
  losing = 0;
  lost = 0;
  /** How much later than the broker gives them answers arrive, milliseconds. */
  late = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly port: number,
    private readonly server: Server,
    private target: number,
  ) {}

  static async start(port: number): Promise<KafkaProxy> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    const proxy = new KafkaProxy((server.address() as AddressInfo).port, server, 0);
    server.on('connection', (client) => proxy.#relay(client));
    return proxy;
  }

  /** The broker's own port, once it is known. */
  to(port: number): void {
    this.target = port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }

  #relay(client: Socket): void {
    const broker = connect(this.target, '127.0.0.1');
    const appends = new Set<number>();
    const end = () => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    onFrames(client, (frame) => {
      if (frame.readInt16BE(4) === produceKey) appends.add(frame.readInt32BE(8));
      broker.write(frame);
    });
    onFrames(broker, (frame) => {
      if (!appends.delete(frame.readInt32BE(4)) || this.losing === 0) {
        if (this.late > 0) setTimeout(() => client.write(frame), this.late);
        else client.write(frame);
        return;
      }
      this.losing--;
      this.lost++;
      end();
    });
  }
}

function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  });
}
