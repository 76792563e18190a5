import { Readable } from 'node:stream';
import { Controller, Get, Inject, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Roles } from '#platform';
import { RecordReads, type RecordQuery } from './record.reads.js';

const recordQuery = z.strictObject({
  session: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/)
    .optional(),
  since: z.iso.datetime({ offset: true }).optional(),
});
const ndjson = { type: 'application/x-ndjson; charset=utf-8' };

/** What a verifier asks for. It believes none of it. */
@ApiTags('log')
@Controller('log')
@Roles('auditor')
export class LogController {
  readonly #records: RecordReads;

  constructor(@Inject(RecordReads) records: RecordReads) {
    this.#records = records;
  }

  /** The stored record of sessions, one JSON object a line. */
  @Get('records')
  @ApiProduces('application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string', description: 'one JSON object a line, by session and seq' } })
  records(@Query({ schema: recordQuery }) query: RecordQuery): StreamableFile {
    return new StreamableFile(Readable.from(this.#records.sessions(query), { objectMode: false }), ndjson);
  }

  /** The stored record of every other topic, and what could not be read, one JSON object a line. */
  @Get('records/control')
  @ApiProduces('application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string', description: 'one JSON object a line, by place in the log' } })
  control(): StreamableFile {
    return new StreamableFile(Readable.from(this.#records.control(), { objectMode: false }), ndjson);
  }
}
