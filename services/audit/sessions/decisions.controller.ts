import { Controller, Get, Headers, Inject, Param } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { positionHeader } from '#domain';
import { Authenticated, Caller, type CallerIdentity } from '#platform';
import { IngestService } from '../ingest/ingest.service.js';
import { decision, type Decision } from './session.item.js';
import { notFound, SessionReads } from './session.reads.js';

@ApiTags('decisions')
@Controller('decisions')
export class DecisionsController {
  readonly #reads: SessionReads;
  readonly #ingest: IngestService;

  constructor(@Inject(SessionReads) reads: SessionReads, @Inject(IngestService) ingest: IngestService) {
    this.#reads = reads;
    this.#ingest = ingest;
  }

  /** For whom it was decided on, security and auditors. To anyone else it does not exist. */
  @Authenticated()
  @Get(':id')
  @ApiOkResponse({ standardSchema: decision })
  async get(
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
    @Headers(positionHeader) position?: string,
  ): Promise<Decision> {
    await this.#ingest.readFrom(position);
    const found = await this.#reads.decision(id);
    const mayRead =
      found.identity === caller.principal.id || caller.roles.has('security') || caller.roles.has('auditor');
    if (!mayRead) throw notFound('decision', id);
    return found;
  }
}
