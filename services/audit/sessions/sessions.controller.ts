import { Readable } from 'node:stream';
import { Controller, Get, Headers, Inject, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { positionHeader } from '#domain';
import { Roles } from '#platform';
import { IngestService } from '../ingest/ingest.service.js';
import {
  sessionItem,
  sessionPage,
  sessionQuery,
  type SessionItem,
  type SessionPage,
  type SessionQuery,
} from './session.item.js';
import { SessionReads } from './session.reads.js';

@ApiTags('sessions')
@Controller('sessions')
@Roles('auditor', 'security')
export class SessionsController {
  readonly #reads: SessionReads;
  readonly #ingest: IngestService;

  constructor(@Inject(SessionReads) reads: SessionReads, @Inject(IngestService) ingest: IngestService) {
    this.#reads = reads;
    this.#ingest = ingest;
  }

  @Get()
  @ApiOkResponse({ standardSchema: sessionPage })
  async list(
    @Query({ schema: sessionQuery }) query: SessionQuery,
    @Headers(positionHeader) position?: string,
  ): Promise<SessionPage> {
    await this.#ingest.readFrom(position);
    return this.#reads.page(query);
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: sessionItem })
  async get(@Param('id') id: string, @Headers(positionHeader) position?: string): Promise<SessionItem> {
    await this.#ingest.readFrom(position);
    return this.#reads.get(id);
  }

  /** The session as it went: one event a line, see `ReplayLine`. */
  @Get(':id/events')
  @ApiProduces('application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string', description: 'one JSON object a line, ordered by seq' } })
  async events(@Param('id') id: string, @Headers(positionHeader) position?: string): Promise<StreamableFile> {
    await this.#ingest.readFrom(position);
    const lines = await this.#reads.events(id);
    return new StreamableFile(Readable.from(lines, { objectMode: false }), {
      type: 'application/x-ndjson; charset=utf-8',
    });
  }
}
