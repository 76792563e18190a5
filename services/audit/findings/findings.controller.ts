import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatPosition, positionHeader } from '#domain';
import { isAppError } from '#kernel';
import { Caller, Roles, type CallerIdentity } from '#platform';
import { IngestService } from '../ingest/ingest.service.js';
import { TriageDesk } from './triage.desk.js';
import {
  acceptedEvent,
  ackBody,
  findingItem,
  findingPage,
  findingQuery,
  oneQuery,
  type Accepted,
  type AckBody,
  type FindingItem,
  type FindingPage,
  type FindingQuery,
} from './finding.item.js';
import { ocsfFinding, ocsfOf, ocsfPage, type OcsfFinding, type OcsfPage } from './finding.ocsf.js';
import { FindingReads } from './finding.reads.js';

/** The parts of the reply that are used here. */
interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
}

@ApiTags('findings')
@Controller('findings')
@Roles('security', 'auditor')
export class FindingsController {
  readonly #reads: FindingReads;
  readonly #desk: TriageDesk;
  readonly #ingest: IngestService;

  constructor(
    @Inject(FindingReads) reads: FindingReads,
    @Inject(TriageDesk) desk: TriageDesk,
    @Inject(IngestService) ingest: IngestService,
  ) {
    this.#reads = reads;
    this.#desk = desk;
    this.#ingest = ingest;
  }

  @Get()
  @ApiOkResponse({ standardSchema: z.union([findingPage, ocsfPage]) })
  async list(
    @Query({ schema: findingQuery }) query: FindingQuery,
    @Headers(positionHeader) position?: string,
  ): Promise<FindingPage | OcsfPage> {
    await this.#ingest.readFrom(position);
    const page = await this.#reads.page(query);
    return query.format === 'ocsf' ? { findings: page.findings.map(ocsfOf), next: page.next } : page;
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: z.union([findingItem, ocsfFinding]) })
  async get(
    @Param('id') id: string,
    @Query({ schema: oneQuery }) { format }: z.infer<typeof oneQuery>,
    @Headers(positionHeader) position?: string,
  ): Promise<FindingItem | OcsfFinding> {
    await this.#ingest.readFrom(position);
    const item = await this.#reads.get(id);
    return format === 'ocsf' ? ocsfOf(item) : item;
  }

  /** Says what it is: a false alarm counts no longer, neither for a risk nor for the quarantine that its rule set. */
  @Post(':id/ack')
  @Roles('security')
  @HttpCode(200)
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiOkResponse({ standardSchema: findingItem })
  @ApiAcceptedResponse({ standardSchema: acceptedEvent })
  async ack(
    @Caller() { principal: by }: CallerIdentity,
    @Param('id') id: string,
    @Body({ schema: ackBody }) body: AckBody,
    @Headers('idempotency-key') key: string | undefined,
    @Headers(positionHeader) position: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<FindingItem | Accepted> {
    await this.#ingest.readFrom(position);
    const { eventId, appended } = await this.#desk.ack(await this.#reads.get(id), body, { by, key });
    if (appended) reply.header(positionHeader, formatPosition(appended.position));
    if (!appended || (await this.#isStored(formatPosition(appended.position)))) return this.#reads.get(id);
    reply.status(202);
    return { id: eventId, status: 'accepted' };
  }

  /** The store may be behind; the gate is not. */
  async #isStored(position: string): Promise<boolean> {
    try {
      await this.#ingest.readFrom(position);
      return true;
    } catch (error) {
      if (isAppError(error, 'TIMEOUT')) return false;
      throw error;
    }
  }
}
