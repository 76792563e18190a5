import { visible } from '../render.js';
import type { Cli } from '../verb.js';
import { lineOf, type Finding } from './finding.js';

const progressEvery = 2000;

/** Says what is found as it is found, and how far the work is. */
export class Report {
  sessions = 0;
  events = 0;
  /** Events of which no more is left than their hash covers. */
  expired = 0;
  control = 0;
  uncovered = 0;
  #findings = 0;
  #saidAt: number;

  constructor(private readonly cli: Cli) {
    this.#saidAt = cli.now();
  }

  get clean(): boolean {
    return this.#findings === 0;
  }

  found(findings: readonly Finding[]): void {
    for (const finding of findings) {
      this.#findings++;
      this.cli.out(this.cli.json ? JSON.stringify({ finding }) : visible(lineOf(finding)));
    }
  }

  /** What a person must know of how this was verified, e.g. that it is unanchored. */
  note(text: string): void {
    if (this.cli.json) this.cli.out(JSON.stringify({ note: text }));
    else this.cli.out(visible(text));
  }

  /** On long work, every other second, where a person looks on. */
  progress(): void {
    const now = this.cli.now();
    if (!this.cli.interactive || now - this.#saidAt < progressEvery) return;
    this.#saidAt = now;
    this.cli.err(`… ${this.sessions} sessions, ${this.events} events`);
  }

  end(): void {
    const { sessions, events, expired, control, uncovered } = this;
    const findings = this.#findings;
    if (this.cli.json)
      this.cli.out(JSON.stringify({ verified: { sessions, events, expired, control, uncovered, findings } }));
    else
      this.cli.out(
        `${sessions} sessions, ${events} events, ${control} control events: ` +
          (findings === 0 ? 'nothing found' : `${findings} found`) +
          (uncovered === 0 ? '' : `; ${uncovered} events are younger than the last checkpoint`),
      );
  }
}
