import { BaseSequencer, type TestSpecification } from 'vitest/node';
import seconds from '../slow.json' with { type: 'json' };

const known: Readonly<Record<string, number>> = seconds;

/** The longest suites first, by what they took: one that begins last keeps one worker busy alone. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => this.#seconds(b) - this.#seconds(a));
  }

  #seconds({ moduleId }: TestSpecification): number {
    return known[moduleId.slice(this.ctx.config.root.length + 1)] ?? 0;
  }
}
