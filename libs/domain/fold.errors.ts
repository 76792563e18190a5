import type { Position } from '#event-log';
import { isAppError } from '#kernel';
import { formatPosition } from './log-position.js';

/** Takes one line for the log of this process: where something failed, and how. No values: events carry people's. */
export type OnFoldError = (line: string) => void;

/**
 * Runs one part of what an event does to a process. What it throws is told and goes no further: it must keep the event from no
 * other part, and make no fold differ from its replicas'.
 */
export function apart(part: string, at: Position, onError: OnFoldError, run: () => void): void {
  try {
    run();
  } catch (error) {
    onError(`${formatPosition(at)} is passed over by ${part}: ${withoutValues(error)}`);
  }
}

/** An error's message may say what it stumbled over; its kind and its place in the code do not. */
function withoutValues(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  const kind = isAppError(error) ? error.code : error.constructor.name;
  const { stack = '', message } = error;
  const frame = /^ {4}at .*$/m.exec(stack.slice(stack.indexOf(message) + message.length));
  return frame ? `${kind} ${frame[0].trim()}` : kind;
}
