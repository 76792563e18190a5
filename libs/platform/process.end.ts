import { Logger } from '@nestjs/common';

/** Runs each step, whatever became of those before it, and logs what failed; throws the first of that at the end. */
export async function endInOrder(...steps: readonly (() => Promise<unknown> | undefined)[]): Promise<void> {
  const failed: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      new Logger('shutdown').error({ message: 'a step of the shutdown failed', error });
      failed.push(error);
    }
  }
  if (failed.length > 0) throw failed[0];
}
