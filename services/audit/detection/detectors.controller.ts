import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { positionHeader } from '#domain';
import { Roles } from '#platform';
import { IngestService } from '../ingest/ingest.service.js';
import {
  checkBody,
  checkedList,
  detectorList,
  detectorText,
  versionQuery,
  type CheckBody,
  type CheckedList,
  type DetectorList,
  type DetectorText,
} from './detector.item.js';
import { DetectorReads } from './detector.reads.js';

@ApiTags('findings')
@Controller('detectors')
@Roles('security', 'auditor')
export class DetectorsController {
  readonly #reads: DetectorReads;
  readonly #ingest: IngestService;

  constructor(@Inject(DetectorReads) reads: DetectorReads, @Inject(IngestService) ingest: IngestService) {
    this.#reads = reads;
    this.#ingest = ingest;
  }

  /** Those that run. */
  @Get()
  @ApiOkResponse({ standardSchema: detectorList })
  async list(@Headers(positionHeader) position?: string): Promise<DetectorList> {
    await this.#ingest.readFrom(position);
    return this.#reads.list();
  }

  /** One with its text, as it was with that version. */
  @Get(':id')
  @ApiOkResponse({ standardSchema: detectorText })
  async get(
    @Param('id') id: string,
    @Query({ schema: versionQuery }) { version }: z.infer<typeof versionQuery>,
    @Headers(positionHeader) position?: string,
  ): Promise<DetectorText> {
    await this.#ingest.readFrom(position);
    return this.#reads.text(id, version);
  }

  /** Whether files would be taken; nothing is run or recorded. */
  @Post('check')
  @Roles('security')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: checkedList })
  check(@Body({ schema: checkBody }) body: CheckBody): Promise<CheckedList> {
    return this.#reads.check(body);
  }
}
