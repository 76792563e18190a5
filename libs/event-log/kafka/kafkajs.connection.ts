import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

/* kafkajs connects again with the same object, and keeps in it what had come of an answer when the broker died: the next answer
   is then read from the middle of that. At best nothing is understood until requests time out; at worst a size is read that is
   none, and what is thrown in a socket's listener ends the process (seen once in 500 kills). */

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

/** Each connection begins with nothing read; one that can't be understood ends, as if its broker had gone. */
export function installConnection(): void {
  const { prototype } = createRequire(import.meta.url)(path) as { prototype: KafkaConnection };
  if (Object.hasOwn(prototype.connect, installed)) return;
  const { connect, processData } = prototype;
  const anew = function (this: KafkaConnection): Promise<boolean> {
    if (!this.isConnected()) forget(this);
    return connect.call(this);
  };
  prototype.connect = Object.assign(anew, { [installed]: true });
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
