import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { formatPosition, positionHeader } from '#domain';
import { AppError } from '#kernel';
import { Caller, Roles, type CallerIdentity } from '#platform';
import { TriageDesk, type Written } from './triage.desk.js';
import { FindingFold } from './finding.fold.js';
import {
  acceptedEvent,
  liftBody,
  lifted,
  quarantineBody,
  quarantineItem,
  quarantineList,
  toQuarantineItem,
  type Accepted,
  type LiftBody,
  type Lifted,
  type QuarantineBody,
  type QuarantineItem,
} from './finding.item.js';

/** The parts of the reply that are used here. */
interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
}

const idempotent = { name: 'Idempotency-Key', required: false };
const longestIdentity = 512;

@ApiTags('findings')
@Controller()
@Roles('security')
export class QuarantinesController {
  readonly #desk: TriageDesk;
  readonly #fold: FindingFold;

  constructor(@Inject(TriageDesk) desk: TriageDesk, @Inject(FindingFold) fold: FindingFold) {
    this.#desk = desk;
    this.#fold = fold;
  }

  /** Those that stand, the oldest first. How each came and went: `weir.quarantines`. */
  @Get('quarantines')
  @Roles('security', 'auditor')
  @ApiOkResponse({ standardSchema: quarantineList })
  async list(@Headers(positionHeader) position?: string): Promise<{ quarantines: QuarantineItem[] }> {
    await this.#fold.readFrom(position);
    return { quarantines: this.#fold.book.quarantines().map(toQuarantineItem) };
  }

  /** From now on the gate treats this identity so, and whoever acts in its name; on open sessions too. */
  @Post('identities/:id/quarantine')
  @HttpCode(200)
  @ApiHeader(idempotent)
  @ApiOkResponse({ standardSchema: quarantineItem })
  @ApiAcceptedResponse({ standardSchema: acceptedEvent })
  async set(
    @Caller() { principal: by }: CallerIdentity,
    @Param('id') id: string,
    @Body({ schema: quarantineBody }) body: QuarantineBody,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<QuarantineItem | Accepted> {
    const identity = identityOf(id);
    const written = await this.#desk.quarantine(identity, body, { by, key });
    const standing = this.#desk.standing(identity);
    return answer(written, reply, standing && toQuarantineItem(standing));
  }

  /** Whatever stood, whoever set it. */
  @Delete('identities/:id/quarantine')
  @HttpCode(200)
  @ApiHeader(idempotent)
  @ApiOkResponse({ standardSchema: lifted })
  @ApiAcceptedResponse({ standardSchema: acceptedEvent })
  async lift(
    @Caller() { principal: by }: CallerIdentity,
    @Param('id') id: string,
    @Body({ schema: liftBody }) body: LiftBody,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Lifted | Accepted> {
    const identity = identityOf(id);
    const written = await this.#desk.lift(identity, body, { by, key });
    return answer(written, reply, { identity, status: 'lifted' as const });
  }
}

/** `issuer:subject`: one that is misspelt would be in quarantine in nobody's stead. */
function identityOf(id: string): string {
  if (/^[^\s:\p{Cc}][^:\p{Cc}]*:[^\p{Cc}]+$/u.test(id) && id.length <= longestIdentity) return id;
  throw new AppError('INPUT_INVALID', 'an identity is issuer:subject, as the record has it');
}

function answer<T>({ eventId, appended }: Written, reply: Reply, done: T | undefined): T | Accepted {
  if (appended) reply.header(positionHeader, formatPosition(appended.position));
  if (done !== undefined && appended?.folded !== false) return done;
  reply.status(202);
  return { id: eventId, status: 'accepted' };
}
