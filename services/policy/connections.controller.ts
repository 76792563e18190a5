import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { positionHeader } from '#domain';
import { Caller, Roles, type CallerIdentity } from '#platform';
import {
  connectionBody,
  connectionChange,
  connectionItem,
  connectionList,
  removeQuery,
  toConnectionItem,
  type ConnectionBody,
  type ConnectionChange,
  type ConnectionItem,
} from './connection.item.js';
import { ConnectionsDesk } from './connections.desk.js';
import { PolicyFold } from './policy.fold.js';
import { acceptedEvent, answerTo, type Accepted, type Reply } from './written.js';

const gone = z.object({ name: z.string(), status: z.literal('removed') });
const idempotent = { name: 'Idempotency-Key', required: false };

@ApiTags('connections')
@Controller('connections')
@Roles('operator')
export class ConnectionsController {
  readonly #desk: ConnectionsDesk;
  readonly #fold: PolicyFold;

  constructor(@Inject(ConnectionsDesk) desk: ConnectionsDesk, @Inject(PolicyFold) fold: PolicyFold) {
    this.#desk = desk;
    this.#fold = fold;
  }

  @Get()
  @ApiOkResponse({ standardSchema: connectionList })
  async list(@Headers(positionHeader) position?: string): Promise<{ connections: ConnectionItem[] }> {
    await this.#fold.readFrom(position);
    return { connections: this.#desk.list().map(toConnectionItem) };
  }

  @Get(':name')
  @ApiOkResponse({ standardSchema: connectionItem })
  async get(
    @Param('name') name: string,
    @Headers(positionHeader) position?: string,
  ): Promise<ConnectionItem> {
    await this.#fold.readFrom(position);
    return toConnectionItem(this.#desk.get(name));
  }

  @Post()
  @ApiHeader(idempotent)
  @ApiCreatedResponse({ standardSchema: connectionItem })
  @ApiAcceptedResponse({ standardSchema: acceptedEvent })
  async create(
    @Caller() { principal: by }: CallerIdentity,
    @Body({ schema: connectionBody }) { changeReference, ...body }: ConnectionBody,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ConnectionItem | Accepted> {
    const written = await this.#desk.create(body, { by, key, changeReference });
    return answerTo(written, reply, () => toConnectionItem(this.#desk.get(body.name)));
  }

  @Put(':name')
  @ApiHeader(idempotent)
  @ApiOkResponse({ standardSchema: connectionItem })
  @ApiAcceptedResponse({ standardSchema: acceptedEvent })
  async replace(
    @Caller() { principal: by }: CallerIdentity,
    @Param('name') name: string,
    @Body({ schema: connectionChange }) { changeReference, ...body }: ConnectionChange,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ConnectionItem | Accepted> {
    const written = await this.#desk.replace(name, body, { by, key, changeReference });
    return answerTo(written, reply, () => toConnectionItem(this.#desk.get(name)));
  }

  @Delete(':name')
  @HttpCode(200)
  @ApiHeader(idempotent)
  @ApiOkResponse({ standardSchema: gone })
  @ApiAcceptedResponse({ standardSchema: acceptedEvent })
  async remove(
    @Caller() { principal: by }: CallerIdentity,
    @Param('name') name: string,
    @Query({ schema: removeQuery }) { changeReference }: z.infer<typeof removeQuery>,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<z.infer<typeof gone> | Accepted> {
    const written = await this.#desk.remove(name, { by, key, changeReference });
    return answerTo(written, reply, () => ({ name, status: 'removed' as const }));
  }
}
