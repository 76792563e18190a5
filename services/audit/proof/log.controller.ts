import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Controller, Get, Header, Inject, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { topics } from '#events';
import { AppError } from '#kernel';
import { Roles } from '#platform';
import { checkpointBlock, parseTilePath } from '#proof';
import { ProofService } from './proof.service.js';
import { RecordReads, type RecordQuery } from './record.reads.js';
import { folderOf } from './tree.writer.js';
import { provenTopics } from './tree.cuts.js';
import { readIfThere } from './whole.file.js';

const recordQuery = z.strictObject({
  session: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/)
    .optional(),
  since: z.iso.datetime({ offset: true }).optional(),
});
const controlQuery = z.strictObject({ topic: z.enum(Object.values(topics)).optional() });
type ControlQuery = z.infer<typeof controlQuery>;
const proofQuery = z
  .strictObject({
    tree: z.string().max(100).describe('`topic/partition`'),
    index: z.coerce.number().int().min(0).optional().describe('of an entry: its inclusion proof'),
    first: z.coerce
      .number()
      .int()
      .min(0)
      .optional()
      .describe('size of a smaller tree: the consistency proof'),
  })
  .refine(({ index, first }) => (index === undefined) !== (first === undefined), 'give index or first');
const proofItem = z.object({
  checkpoint: z.string().describe('a signed note'),
  proof: z.array(z.string()).describe('hashes, base64, the deepest first (RFC 6962)'),
});
type ProofQuery = z.infer<typeof proofQuery>;
type ProofItem = z.infer<typeof proofItem>;
const ndjson = { type: 'application/x-ndjson; charset=utf-8' };
const plainText = 'text/plain; charset=utf-8';

/** What a verifier asks for. It believes none of it. */
@ApiTags('log')
@Controller('log')
@Roles('auditor')
export class LogController {
  readonly #records: RecordReads;
  readonly #proof: ProofService;

  constructor(@Inject(RecordReads) records: RecordReads, @Inject(ProofService) proof: ProofService) {
    this.#records = records;
    this.#proof = proof;
  }

  /** The newest checkpoint of each tree: signed notes, each followed by an empty line. */
  @Get('checkpoint')
  @Header('content-type', plainText)
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string', description: 'C2SP tlog-checkpoints' } })
  async checkpoint(): Promise<string> {
    return (await this.#proof.checkpoints()).map(checkpointBlock).join('');
  }

  /** The verifier keys of all that ever signed here, one a line, the newest last. */
  @Get('keys')
  @Header('content-type', plainText)
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string', description: 'C2SP signed-note verifier keys' } })
  keys(): string {
    return this.#proof.keys.verifiers.map(({ text }) => `${text}\n`).join('');
  }

  /** What proves that an entry stands in a tree, or that a smaller tree is its beginning, by its newest checkpoint. */
  @Get('proof')
  @ApiOkResponse({ standardSchema: proofItem })
  async proof(@Query({ schema: proofQuery }) { tree, index, first }: ProofQuery): Promise<ProofItem> {
    const writer = await this.#proof.tree(tree);
    if (!writer) throw new AppError('NOT_FOUND', `there is no tree ${tree}`);
    try {
      const { checkpoint, proof } =
        index === undefined ? writer.consistency(first ?? 0) : writer.inclusion(index);
      return { checkpoint, proof: proof.map((hash) => hash.toString('base64')) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new AppError('NOT_FOUND', error.message);
    }
  }

  /** A tile of the tree of a topic's partition: `tile/0/x001/067`, `tile/entries/000.p/7` (C2SP tlog-tiles). */
  @Get('trees/:topic/:partition/*')
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async tile(
    @Param('topic') topic: string,
    @Param('partition') partition: string,
    @Param('*') path: string,
  ): Promise<StreamableFile> {
    const known = provenTopics.find((each) => each === topic);
    if (!known || !/^\d{1,6}$/.test(partition) || !parseTilePath(path)) throw noTile(path);
    const folder = folderOf(this.#proof.folder, { topic: known, partition: Number(partition) });
    const bytes = await readIfThere(join(folder, path));
    if (!bytes) throw noTile(path);
    return new StreamableFile(bytes, { type: 'application/octet-stream' });
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
  control(@Query({ schema: controlQuery }) { topic }: ControlQuery): StreamableFile {
    return new StreamableFile(Readable.from(this.#records.control(topic), { objectMode: false }), ndjson);
  }
}

const noTile = (path: string): AppError => new AppError('NOT_FOUND', `there is no tile ${path}`);
