import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Clock } from '#kernel';
import { CLOCK, CONFIG, Roles, type WeirConfig } from '#platform';
import type { JournalState } from './journal/index.js';
import { journalItem, type JournalItem } from './journal.item.js';
import { JournalWords } from './journal.words.js';

/** From files and not from their owners: a journal whose process is dead is the one that matters. */
@ApiTags('journal')
@Controller('journal')
@Roles('operator')
export class JournalController {
  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(JournalWords) private readonly words: JournalWords,
  ) {}

  /** What each journal of each proxy holds, and what of it is not in the event log yet. */
  @Get()
  @ApiOkResponse({ standardSchema: journalItem })
  async read(): Promise<JournalItem> {
    const { mode, maxBytes } = this.config.journal;
    const heard = await this.words.all();
    const now = this.clock.now();
    return {
      mode,
      capBytes: maxBytes,
      proxies: heard.map(({ proxy, state, age }) => ({ name: proxy, state, age: age / 1000 })),
      journals: heard.flatMap(({ proxy, journals }) => journals.map((each) => itemOf(proxy, each, now))),
    };
  }
}

function itemOf(
  proxy: string,
  { oldestUnshippedAt, ...state }: JournalState,
  now: number,
): JournalItem['journals'][number] {
  const age = oldestUnshippedAt === undefined ? null : Math.max(0, now - oldestUnshippedAt) / 1000;
  return { proxy, ...state, oldestUnshippedAge: age, damaged: [...state.damaged] };
}
