import { z } from 'zod';
import { formatPosition, positionHeader, type Appended } from '#domain';

/** The write is durable, but this process has not folded it yet. */
export const acceptedEvent = z.object({ id: z.string(), status: z.literal('accepted') });

export type Accepted = z.infer<typeof acceptedEvent>;

/** The parts of the reply that are used here. */
export interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
}

/** Names the write's place in the log; 202 and its id where the fold has not got there, else `answer`. */
export function answerTo<T>(
  { eventId, appended }: { readonly eventId: string; readonly appended: Appended | undefined },
  reply: Reply,
  answer: () => T,
): T | Accepted {
  if (appended) reply.header(positionHeader, formatPosition(appended.position));
  if (!appended || appended.folded) return answer();
  reply.status(202);
  return { id: eventId, status: 'accepted' };
}
