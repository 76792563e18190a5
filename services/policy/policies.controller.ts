import { Body, Controller, Get, Headers, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { formatPosition, positionHeader } from '#domain';
import { Caller, Roles, type CallerIdentity } from '#platform';
import { PoliciesDesk } from './policies.desk.js';
import {
  policiesBody,
  policiesItem,
  publicationItem,
  publishBody,
  simulationBody,
  simulationItem,
  toPoliciesItem,
  type PoliciesItem,
  type PublicationItem,
  type SimulationBody,
  type SimulationItem,
} from './policies.item.js';
import { PolicyFold } from './policy.fold.js';
import { PolicyPublisher } from './policy.publisher.js';
import { PolicySimulation } from './policy.simulation.js';
import { acceptedEvent, answerTo, type Accepted, type Reply } from './written.js';

@ApiTags('policies')
@Controller('policies')
@Roles('operator')
export class PoliciesController {
  readonly #desk: PoliciesDesk;
  readonly #publisher: PolicyPublisher;
  readonly #simulation: PolicySimulation;
  readonly #fold: PolicyFold;

  constructor(
    @Inject(PoliciesDesk) desk: PoliciesDesk,
    @Inject(PolicyPublisher) publisher: PolicyPublisher,
    @Inject(PolicySimulation) simulation: PolicySimulation,
    @Inject(PolicyFold) fold: PolicyFold,
  ) {
    this.#desk = desk;
    this.#publisher = publisher;
    this.#simulation = simulation;
    this.#fold = fold;
  }

  @Get()
  @ApiOkResponse({ standardSchema: policiesItem })
  async get(@Headers(positionHeader) position?: string): Promise<PoliciesItem> {
    await this.#fold.readFrom(position);
    return toPoliciesItem(this.#desk.published());
  }

  @Post()
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiCreatedResponse({ standardSchema: policiesItem })
  @ApiAcceptedResponse({ standardSchema: acceptedEvent })
  async replace(
    @Caller() { principal: by }: CallerIdentity,
    @Body({ schema: policiesBody }) { files, changeReference }: z.infer<typeof policiesBody>,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<PoliciesItem | Accepted> {
    const written = await this.#desk.publish(files, { by, key, changeReference });
    return answerTo(written, reply, () => toPoliciesItem(this.#desk.published()));
  }

  /** Reads weir.yaml, the policies' folder and masking.yaml again. */
  @Post('publish')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: publicationItem })
  async publish(
    @Caller() { principal: by }: CallerIdentity,
    @Body({ schema: publishBody }) body: z.infer<typeof publishBody>,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<PublicationItem> {
    const { registered, removed, policies, masking, restart, appended } = await this.#publisher.publish(
      by,
      body?.changeReference ?? '',
    );
    if (appended) reply.header(positionHeader, formatPosition(appended.position));
    return {
      registered: [...registered],
      removed: [...removed],
      policies: policies ?? null,
      masking: masking ?? null,
      restart: [...restart],
    };
  }

  /** What would be decided; nothing is run or recorded. */
  @Post('simulate')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: simulationItem })
  simulate(@Body({ schema: simulationBody }) body: SimulationBody): Promise<SimulationItem> {
    return this.#simulation.run(body);
  }
}
