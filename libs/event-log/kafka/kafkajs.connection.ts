import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

/* kafkajs connects again with the same object, and keeps in it what had come of an answer when the broker died: the next answer
   is then read from the middle of that. Whoever sends while it connects connects it a second time, and what both sockets bring
   becomes one stream. At best nothing is understood until requests time out; at worst a size is read that is none, and what is
   thrown in a socket's listener ends the process (seen once in 500 kills). */

export interface KafkaConnection {
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  readonly socket?: Socket;
  isConnected(): boolean;
  connect(): Promise<boolean>;
  processData(data: Buffer): void;
}

const path = 'kafkajs/src/network/connection';
const sizeBytes = 4;

/** Each connection begins with nothing read, and is made once; one that can't be understood ends, as if its broker had gone. */
export function installConnection(): void {
  const { prototype } = createRequire(import.meta.url)(path) as { prototype: KafkaConnection };
  if (Object.hasOwn(prototype.connect, installed)) return;
  const { connect, processData } = prototype;
  const underWay = new WeakMap<KafkaConnection, Promise<boolean>>();
  const once = function (this: KafkaConnection): Promise<boolean> {
    if (this.isConnected()) return connect.call(this);
    const begun = underWay.get(this);
    if (begun && this.socket?.destroyed === false) return begun;
    forget(this);
    const made = connect.call(this).finally(() => {
      if (underWay.get(this) === made) underWay.delete(this);
    });
    underWay.set(this, made);
    return made;
  };
  prototype.connect = Object.assign(once, { [installed]: true });
  prototype.processData = function (data) {
    try {
      processData.call(this, data);
    } catch (error) {
      this.socket?.destroy(error as Error);
    }
  };
}

const installed = Symbol('installed');

/** The socket before may have more to say, and nobody to hear it. */
function forget(connection: KafkaConnection): void {
  connection.socket?.destroy();
  Object.assign(connection, { chunks: [], bytesBuffered: 0, bytesNeeded: sizeBytes });
}
