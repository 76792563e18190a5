import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { AppError, newId, type Clock } from '#kernel';
import { CLOCK, Roles } from '#platform';
import { bodyOf } from './notice.js';
import { Notifier } from './notifier.js';
import { ENDPOINTS, RESOLVE } from './notify.tokens.js';
import type { Resolve } from './safe-post.js';
import { tryToDeliver } from './try.js';
import type { Endpoint } from './webhook.endpoint.js';
import { testResult, toWebhookItem, webhookList, type TestResult, type WebhookItem } from './webhook.item.js';

/** What is configured in weir.yaml, how it fares, and a message to try it with. */
@ApiTags('webhooks')
@Controller('webhooks')
@Roles('operator')
export class WebhooksController {
  readonly #underTest = new Set<string>();

  constructor(
    @Inject(ENDPOINTS) private readonly endpoints: readonly Endpoint[],
    @Inject(Notifier) private readonly notifier: Notifier,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RESOLVE) private readonly resolve: Resolve,
  ) {}

  @Get()
  @ApiOkResponse({ standardSchema: webhookList })
  list(): { webhooks: WebhookItem[] } {
    const webhooks = this.endpoints.map((each) => toWebhookItem(each, this.notifier.state(each.name)));
    return { webhooks };
  }

  /** Sends a `ping` once, also to a disabled one, and says what came of it. */
  @Post(':name/test')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: testResult })
  async test(@Param('name') name: string): Promise<TestResult> {
    const endpoint = this.endpoints.find((each) => each.name === name);
    if (!endpoint) throw new AppError('NOT_FOUND', 'there is no such webhook in weir.yaml');
    if (this.#underTest.has(name)) throw new AppError('CONFLICT', 'this webhook is being tested already');
    this.#underTest.add(name);
    try {
      return await this.#ping(endpoint);
    } finally {
      this.#underTest.delete(name);
    }
  }

  async #ping(endpoint: Endpoint): Promise<TestResult> {
    const { clock, resolve } = this;
    const id = newId('ping', clock.now());
    const body = bodyOf({ type: 'ping', at: clock.now(), data: { webhook: endpoint.name } });
    const never = new AbortController().signal;
    const outcome = await tryToDeliver(endpoint, { id, body }, { clock, resolve }, never);
    const status = outcome.status === 0 ? null : outcome.status;
    if (outcome.kind === 'delivered') return { delivered: true, id, status, reason: null };
    return { delivered: false, id, status, reason: outcome.reason };
  }
}
