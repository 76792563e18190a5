import { Body, Controller, Headers, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { positionHeader } from '#domain';
import { Roles } from '#platform';
import { IngestService } from '../ingest/ingest.service.js';
import { sqlRoles } from './sql.roles.js';
import { SqlRunner, sqlFormats, type SqlFormat } from './sql.runner.js';

const formatNames = Object.keys(sqlFormats) as [SqlFormat, ...SqlFormat[]];

const sqlBody = z.strictObject({
  query: z.string().min(1).max(65_536).describe('one SELECT, SHOW, DESCRIBE or EXPLAIN'),
  format: z.enum(formatNames).optional().describe('absent: an object of columns and rows'),
});

const sqlResult = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())).describe('one array per row, in the order of the columns'),
});

interface Reply {
  header(name: string, value: string): Reply;
}

@ApiTags('sql')
@Controller('sql')
@Roles(...sqlRoles)
export class SqlController {
  readonly #runner: SqlRunner;
  readonly #ingest: IngestService;

  constructor(@Inject(SqlRunner) runner: SqlRunner, @Inject(IngestService) ingest: IngestService) {
    this.#runner = runner;
    this.#ingest = ingest;
  }

  /** Read-only SQL over the audit tables. 64-bit numbers are written in full: parse them as such. */
  @Post()
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: sqlResult })
  async run(
    @Body({ schema: sqlBody }) { query, format }: z.infer<typeof sqlBody>,
    @Res({ passthrough: true }) reply: Reply,
    @Headers(positionHeader) position?: string,
  ): Promise<string> {
    await this.#ingest.readFrom(position);
    const text = await this.#runner.run(query, format);
    reply.header('content-type', `${format ? sqlFormats[format] : 'application/json'}; charset=utf-8`);
    return text;
  }
}
