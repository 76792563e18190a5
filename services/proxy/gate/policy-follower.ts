import { Follower, PolicyState, type PolicyChange } from '#domain';
import type { EventLog } from '#event-log';
import { topics } from '#events';
import { AppError, toAppError } from '#kernel';
import { compileMasking, parseMasking, type MaskingSet } from '#masking';
import { logFoldError } from '#platform';
import { compilePolicies, type PolicySnapshot } from '#policy-engine';

export interface PolicyFollowerOptions {
  readonly eventLog: EventLog;
  readonly pseudonymKey: Buffer;
  readonly onMasking: () => void;
  readonly log: (error: AppError) => void;
}

/** The proxy's own fold of weir.policy.v1: it decides on this and calls nobody. */
export class PolicyFollower {
  readonly state = new PolicyState(logFoldError);
  private readonly follower: Follower;
  private snapshot: PolicySnapshot | undefined;
  private set: MaskingSet | undefined;

  constructor(private readonly options: PolicyFollowerOptions) {
    this.state.onChange((change) => this.changed(change));
    this.follower = new Follower(options.eventLog, topics.policy, this.state, logFoldError);
  }

  get caughtUp(): Promise<void> {
    return this.follower.caughtUp;
  }

  /** How old what it knows is, milliseconds. */
  get age(): number {
    return this.follower.age;
  }

  /** True once there is something to decide on. */
  get isReady(): boolean {
    return this.snapshot !== undefined && this.set !== undefined;
  }

  /** Throws STALE_SNAPSHOT until the first set was published. */
  policies(): PolicySnapshot {
    if (!this.snapshot)
      throw new AppError('STALE_SNAPSHOT', 'no policies are published yet: try again in a moment');
    return this.snapshot;
  }

  masking(): MaskingSet {
    if (!this.set)
      throw new AppError('STALE_SNAPSHOT', 'no masking rules are published yet: try again in a moment');
    return this.set;
  }

  stop(): Promise<void> {
    return this.follower.stop();
  }

  /** A set that does not compile here leaves the last good one in force. */
  private changed(change: PolicyChange): void {
    try {
      if (change.set === 'policies') this.snapshot = compilePolicies(this.state.policies!.files);
      if (change.set !== 'masking') return;
      // JSON is YAML: one reader for the file and for what was published from it.
      const rules = parseMasking(this.state.masking!.rulesJson, 'masking');
      this.set = compileMasking(rules, { pseudonymKey: this.options.pseudonymKey });
      this.options.onMasking();
    } catch (error) {
      this.options.log(toAppError(error));
    }
  }
}
