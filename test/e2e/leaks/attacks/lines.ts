/** One text a line: `-- ` begins a heading, `\n` stands for a line's end within a text. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim().replaceAll('\\n', '\n'))
    .filter((line) => line !== '' && !line.startsWith('-- '));
}
