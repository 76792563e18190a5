import { parseArgs } from 'node:util';
import { AppError } from '#kernel';
import { targetNames, type TargetName } from './targets.js';

export interface StartOptions {
  readonly targets: readonly TargetName[];
  /** As WEIR_LISTEN has it. */
  readonly listen: string | undefined;
}

/**
 * `--target=identity,policy`, `--listen http=127.0.0.1:18081`, each as often as one likes; no target: all of them. Throws
 * INPUT_INVALID.
 */
export function startOptions(args: readonly string[]): StartOptions {
  const { target = [], listen } = parsed(args);
  const wanted = target.flatMap((names) => names.split(',')).map((name) => known(name.trim()));
  return {
    targets: wanted.length === 0 ? targetNames : targetNames.filter((name) => wanted.includes(name)),
    listen: listen?.join(','),
  };
}

function parsed(args: readonly string[]) {
  const several = { type: 'string', multiple: true } as const;
  try {
    return parseArgs({ args: [...args], options: { target: several, listen: several } }).values;
  } catch (cause) {
    throw new AppError('INPUT_INVALID', (cause as Error).message, { cause });
  }
}

function known(name: string): TargetName {
  const found = targetNames.find((each) => each === name);
  if (found) return found;
  throw new AppError('INPUT_INVALID', `--target=${name}: there is ${targetNames.join(', ')}`);
}
