import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { WeirConfig } from '#platform';
import { checkpointBlock } from '#proof';

/** Where checkpoints go so that whoever runs the gate can't take them back. Resolves once the note is there. */
export type CheckpointSink = (note: string) => Promise<void>;

/** `file:PATH`: appended to, never read, so it may lie where this user can append and no more. */
export function openSink(config: WeirConfig): CheckpointSink | undefined {
  const { sink } = config.audit.proof;
  if (sink === undefined) return undefined;
  const path = resolve(dirname(config.file), sink.slice('file:'.length));
  return (note) => appendNote(path, note);
}

async function appendNote(path: string, note: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'a', 0o644);
  try {
    // Apart from whatever a write that was cut off has left there.
    await file.appendFile(`\n\n${checkpointBlock(note)}`);
    await file.sync();
  } finally {
    await file.close();
  }
}
