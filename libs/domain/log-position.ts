import { topics } from '#events';
import type { Position } from '#event-log';
import { AppError } from '#kernel';

/** The header in which a write's answer names its place in the log, and a read what it waits for. */
export const positionHeader = 'weir-position';

export function formatPosition({ topic, partition, offset }: Position): string {
  return `${topic}/${partition}/${offset}`;
}

/** Throws INPUT_INVALID for anything that `formatPosition` does not write. */
export function parsePosition(text: string): Position {
  const [, name, partition, offset] = /^([a-z0-9.]{1,40})\/(\d{1,6})\/(\d{1,15})$/.exec(text) ?? [];
  const topic = Object.values(topics).find((known) => known === name);
  if (topic === undefined) throw new AppError('INPUT_INVALID', `${positionHeader} is not a log position`);
  return { topic, partition: Number(partition), offset: Number(offset) };
}
