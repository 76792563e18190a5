import { Readable } from 'node:stream';
import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Query,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { formatPosition, positionHeader } from '#domain';
import { Caller, Roles, type CallerIdentity } from '#platform';
import { IngestService } from '../ingest/ingest.service.js';
import { SessionEnding } from './session.ending.js';
import {
  endAccepted,
  endBody,
  eventsQuery,
  sessionDetail,
  sessionPage,
  sessionQuery,
  type EndAccepted,
  type EventsQuery,
  type SessionDetail,
  type SessionPage,
  type SessionQuery,
} from './session.item.js';
import { SessionReads } from './session.reads.js';

/** The part of the reply that is used here. */
interface Reply {
  header(name: string, value: string): Reply;
}

@ApiTags('sessions')
@Controller('sessions')
@Roles('auditor', 'security')
export class SessionsController {
  readonly #reads: SessionReads;
  readonly #ingest: IngestService;
  readonly #ending: SessionEnding;

  constructor(
    @Inject(SessionReads) reads: SessionReads,
    @Inject(IngestService) ingest: IngestService,
    @Inject(SessionEnding) ending: SessionEnding,
  ) {
    this.#reads = reads;
    this.#ingest = ingest;
    this.#ending = ending;
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
  @ApiOkResponse({ standardSchema: sessionDetail })
  async get(@Param('id') id: string, @Headers(positionHeader) position?: string): Promise<SessionDetail> {
    await this.#ingest.readFrom(position);
    return this.#reads.get(id);
  }

  /** The session as it went: one event a line, see `ReplayLine`. */
  @Get(':id/events')
  @ApiProduces('application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string', description: 'one JSON object a line, ordered by seq' } })
  async events(
    @Param('id') id: string,
    @Query({ schema: eventsQuery }) query: EventsQuery,
    @Headers(positionHeader) position?: string,
  ): Promise<StreamableFile> {
    await this.#ingest.readFrom(position);
    const lines = await this.#reads.events(id, query);
    return new StreamableFile(Readable.from(lines, { objectMode: false }), {
      type: 'application/x-ndjson; charset=utf-8',
    });
  }

  /** What it runs is cancelled, what it holds is withdrawn; its client gets 57P01, with the reason. */
  @Delete(':id')
  @Roles('security')
  @HttpCode(202)
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiAcceptedResponse({ standardSchema: endAccepted })
  async end(
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
    @Body({ schema: endBody }) { reason }: z.infer<typeof endBody>,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<EndAccepted> {
    const command = await this.#ending.end(id, { reason, by: caller.principal, idempotencyKey });
    reply.header(positionHeader, formatPosition(command.at));
    return { id: command.id, status: 'accepted' };
  }
}
