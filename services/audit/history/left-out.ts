/** Told of a line, counted from 1, that is left out. */
export type OnMalformed = (line: number, reason: string) => void;

/** A line of a file that holds nothing that can be used. */
export interface LeftOutLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

/** Named one by one; a file of another kind has a million of them. */
const mostNamed = 100;
const longestReason = 500;

/** What is left out of files, by file, line and reason, while the rest goes on. */
export class LeftOut {
  readonly first: LeftOutLine[] = [];
  count = 0;

  constructor(private readonly say: (text: string) => void) {}

  /** For what reads one file. */
  of(file: string): OnMalformed {
    return (line, reason) => this.add(file, line, reason);
  }

  add(file: string, line: number, why: string): void {
    this.count++;
    if (this.count > mostNamed) return;
    // A value of the line may be part of it, with whatever line ends it has.
    const reason = why.replaceAll(/\s+/g, ' ').slice(0, longestReason);
    this.first.push({ file, line, reason });
    this.say(`${file}:${line}: left out: ${reason}`);
    if (this.count === mostNamed) this.say(`only the first ${mostNamed} lines that are left out are named`);
  }
}
