import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Clock } from '#kernel';
import { CLOCK, CONFIG, Roles, type WeirConfig } from '#platform';
import { readJournals, type JournalState } from './journal/index.js';
import { journalItem, type JournalItem } from './journal.item.js';

/** From the files and not from their owners: a journal whose process is dead is the one that matters. */
@ApiTags('journal')
@Controller('journal')
@Roles('operator')
export class JournalController {
  constructor(
    @Inject(CONFIG) private readonly config: WeirConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What each journal of the data plane holds, and what of it is not in the event log yet. */
  @Get()
  @ApiOkResponse({ standardSchema: journalItem })
  async read(): Promise<JournalItem> {
    const { dataDir, journal } = this.config;
    const found = await readJournals(dataDir);
    const journals = found.map((state) => itemOf(state, this.clock.now()));
    return { mode: journal.mode, capBytes: journal.maxBytes, journals };
  }
}

function itemOf({ oldestUnshippedAt, ...state }: JournalState, now: number): JournalItem['journals'][number] {
  const age = oldestUnshippedAt === undefined ? null : Math.max(0, now - oldestUnshippedAt) / 1000;
  return { ...state, oldestUnshippedAge: age, damaged: [...state.damaged] };
}
