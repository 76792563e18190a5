import { AppError } from '#kernel';

/** Something wrong at a place in a policy file. */
export interface Problem {
  readonly file: string;
  /** Both from 1; the column counts UTF-16 units, as editors do. */
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly fix: string;
}

/** A text whose places can be named. Offsets are UTF-16 units. */
export interface Located {
  readonly name: string;
  readonly text: string;
}

const longestReport = 40;

export function problemAt({ name, text }: Located, offset: number, what: string, fix: string): Problem {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { file: name, line, column: before.length - before.lastIndexOf('\n'), what, fix };
}

export function format({ file, line, column, what, fix }: Problem): string {
  return `${file}:${line}:${column}: ${oneLine(what)}; ${oneLine(fix)}`;
}

/** One line per problem, in the order of the files; past forty, their number. */
export function policyInvalid(problems: readonly Problem[]): AppError {
  const lines = problems.slice(0, longestReport).map(format);
  const more = problems.length - lines.length;
  if (more > 0) lines.push(`and ${more} more`);
  return new AppError('POLICY_INVALID', lines.join('\n'), {
    hint: 'Correct the policies and publish them again; until then the last good set stays.',
  });
}

// Control characters too: a message may end in a protocol's error field.
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}
