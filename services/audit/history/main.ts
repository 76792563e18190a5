import { constants, setPriority } from 'node:os';
import { z } from 'zod';
import { AppError, isAppError } from '#kernel';

// The program behind `weir ingest` and `weir score`: one request as JSON, answers as messages to whoever started it. A process
// of its own, as the audit service is one: the engine runs on this process's threads.

const store = z.string().min(1);
const request = z.discriminatedUnion('verb', [
  z.object({ verb: z.literal('ingest'), files: z.array(z.string().min(1)).min(1), store }),
  z.object({
    ...{ verb: z.literal('score'), store, labels: z.string().optional(), config: z.string().optional() },
    ...{ detectors: z.string().optional(), learnDays: z.number().int().min(0) },
  }),
]);

type Message =
  | { readonly say: string }
  | { readonly result: unknown }
  | {
      readonly error: { readonly code: string; readonly message: string; readonly hint?: string | undefined };
    };

/** Resolves once it is written: a process that exits loses what is not. */
const send = (message: Message): Promise<void> =>
  new Promise((done) => (process.send ? process.send(message, () => done()) : done()));

const say = (text: string): void => void send({ say: text });

/** Each brings its own: to load events takes no configuration and no detectors. */
async function answer(asked: z.infer<typeof request>): Promise<unknown> {
  if (asked.verb === 'score') return (await import('./score.run.js')).runScore(asked, say);
  return (await import('./ingest.run.js')).runIngest(asked, say);
}

async function run(text: string): Promise<Message> {
  try {
    const asked = request.parse(JSON.parse(text));
    return { result: await answer(asked) };
  } catch (error) {
    if (isAppError(error)) return { error: { code: error.code, message: error.message, hint: error.hint } };
    return { error: { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) } };
  }
}

// Whoever asked is gone: what is loaded stays, and is not loaded twice.
process.on('disconnect', () => process.exit(1));
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
if (!process.send) throw new AppError('INPUT_INVALID', 'weir ingest and weir score run this program');
await send(await run(process.argv[2] ?? ''));
process.exit(0);
