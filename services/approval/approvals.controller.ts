import {
  Body,
  Controller,
  Get,
  Head,
  Header,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Res,
  StreamableFile,
} from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiExcludeEndpoint,
  ApiHeader,
  ApiOkResponse,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import { z } from 'zod';
import { formatPosition, positionHeader } from '#domain';
import { Again, Caller, Roles, type AskAgain, type CallerIdentity } from '#platform';
import { ApprovalDesk } from './approval.desk.js';
import {
  acceptedEvent,
  approvalDetail,
  approvalItem,
  approvalList,
  toDetail,
  toItem,
  type ApprovalDetail,
  type ApprovalItem,
} from './approval.item.js';
import { ApprovalFold } from './approval.fold.js';
import { ApprovalStreams } from './approval.streams.js';

const listQuery = z.strictObject({
  status: z.enum(['pending', 'all']).default('pending'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
const decisionBody = z.strictObject({
  decision: z.enum(['approve', 'deny']),
  reason: z.string().max(2000).default(''),
});

/** The parts of the reply that are used here. */
interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
}

/** A person sees and decides what they are eligible for, and nothing else. */
@ApiTags('approvals')
@Controller('approvals')
@Roles('approver')
export class ApprovalsController {
  readonly #desk: ApprovalDesk;
  readonly #fold: ApprovalFold;
  readonly #streams: ApprovalStreams;

  constructor(
    @Inject(ApprovalDesk) desk: ApprovalDesk,
    @Inject(ApprovalFold) fold: ApprovalFold,
    @Inject(ApprovalStreams) streams: ApprovalStreams,
  ) {
    this.#desk = desk;
    this.#fold = fold;
    this.#streams = streams;
  }

  @Get()
  @ApiOkResponse({ standardSchema: approvalList })
  async list(
    @Caller() caller: CallerIdentity,
    @Query({ schema: listQuery }) query: z.infer<typeof listQuery>,
    @Headers(positionHeader) position?: string,
  ): Promise<{ approvals: ApprovalItem[] }> {
    await this.#fold.readFrom(position);
    return { approvals: this.#desk.list(caller, query.status, query.limit).map(toItem) };
  }

  /** What changes from now on: read the list after each connect. It ends when the caller's right does. */
  /** Without it, HEAD would open a stream that nobody reads. */
  @Head('stream')
  @ApiExcludeEndpoint()
  noStream(): void {
    // The headers of an empty answer are all there is.
  }

  @Get('stream')
  @Header('cache-control', 'no-store')
  @Header('x-accel-buffering', 'no')
  // A connection kept alive after its end would hold up the server's closing for as long as that.
  @Header('connection', 'close')
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    schema: {
      type: 'string',
      description:
        'server-sent events: `event: approval`, its `data` a JSON object like those of GET /api/approvals; `: ping` each 15 s',
    },
  })
  stream(@Caller() caller: CallerIdentity, @Again() again: AskAgain): StreamableFile {
    return new StreamableFile(this.#streams.open(caller, again), {
      type: 'text/event-stream; charset=utf-8',
    });
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: approvalDetail })
  async get(
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
    @Headers(positionHeader) position?: string,
  ): Promise<ApprovalDetail> {
    await this.#fold.readFrom(position);
    const approval = await this.#desk.get(id, caller);
    return toDetail(approval, await this.#desk.exact(approval));
  }

  @Post(':id/decision')
  @HttpCode(200)
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiOkResponse({ standardSchema: approvalItem })
  @ApiAcceptedResponse({ standardSchema: acceptedEvent })
  async decide(
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
    @Body({ schema: decisionBody }) body: z.infer<typeof decisionBody>,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ApprovalItem | z.infer<typeof acceptedEvent>> {
    const outcome = await this.#desk.decide(id, body, caller, key);
    if (outcome.appended) reply.header(positionHeader, formatPosition(outcome.appended.position));
    if (outcome.kind === 'counted') return toItem(outcome.approval);
    reply.status(202);
    return { id: outcome.eventId, status: 'accepted' };
  }
}
