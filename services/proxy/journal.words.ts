import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { Clock } from '#kernel';
import { CLOCK, CONFIG, type WeirConfig } from '#platform';
import {
  dropWord,
  hearOthers,
  readJournals,
  speak,
  speakerOf,
  type HeardWord,
  type Speaker,
} from './journal/index.js';

const everyMs = 2_000;
/** A shared folder that hangs holds up no end. Milliseconds. */
const lastWordMs = 2_000;

/** Tells the other proxies of this one's journals, and hears of theirs. */
@Injectable()
export class JournalWords implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('proxy');
  private speaker!: Speaker;
  private timer: NodeJS.Timeout | undefined;
  private speaking: Promise<void> | undefined;
  private failed = false;

  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    this.speaker = await speakerOf(this.config.dataDir);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.tell();
    this.timer = setInterval(() => void this.tell(), everyMs).unref();
  }

  /** By now the journals are closed. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await Promise.race([this.lastWord(), sleep(lastWordMs, undefined, { ref: false })]);
  }

  /** This proxy's own, as their files have them, and then what the others said last. */
  async all(): Promise<HeardWord[]> {
    const { dataDir, sharedDir } = this.config;
    const { proxy, id } = this.speaker;
    const journals = await readJournals(dataDir);
    const others = await hearOthers(sharedDir, id, this.clock.now());
    return [{ proxy, state: 'live', age: 0, journals }, ...others];
  }

  tell(): Promise<void> {
    return (this.speaking ??= this.say(false).finally(() => (this.speaking = undefined)));
  }

  private async lastWord(): Promise<void> {
    await this.speaking;
    await this.say(true);
  }

  private async say(stopped: boolean): Promise<void> {
    const { dataDir, sharedDir } = this.config;
    try {
      const journals = await readJournals(dataDir);
      const leaves = journals.some((each) => each.unshippedBytes > 0 || each.damaged.length > 0);
      if (stopped && !leaves) await dropWord(sharedDir, this.speaker);
      else await speak(sharedDir, this.speaker, { at: this.clock.now(), stopped, journals });
      this.failed = false;
    } catch (error) {
      if (!this.failed) this.logger.warn(`the journals' state can't be shared: ${String(error)}`);
      this.failed = true;
    }
  }
}
