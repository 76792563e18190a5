import { randomBytes } from 'node:crypto';
import { byte, frontend as type, message as frame, readReport } from './codec.js';
import type { SessionParts } from './session-parts.js';

/** One question of the gate's own to the target, and its answer. */
export interface Probe {
  fields: Buffer | undefined;
  error: Buffer | undefined;
  settle: () => void;
}

/** Asks the target itself, in segments of the gate's own. */
export class Questions {
  constructor(private readonly parts: SessionParts) {}

  /** The columns of a text; nothing of it is executed. */
  async describe(text: string): Promise<Probe> {
    const { conversation, toTarget } = this.parts;
    await conversation.quiet();
    const name = `weirkeeper ${randomBytes(8).toString('hex')}`;
    return new Promise((resolve) => {
      const probe: Probe = { fields: undefined, error: undefined, settle: () => resolve(probe) };
      toTarget.push(frame(type.parse, name, text, Buffer.alloc(2)));
      toTarget.push(frame(type.describe, byte(0x53), name));
      toTarget.push(frame(type.close, byte(0x53), name));
      toTarget.push(frame(type.sync));
      conversation.expected.push({ kind: 'own', probe });
      this.parts.flush();
    });
  }
}

/** Why the target could not answer, without what may be a value. */
export function failureOf({ error }: Probe): string {
  return (error && readReport(error).get('C')) ?? 'nothing';
}
