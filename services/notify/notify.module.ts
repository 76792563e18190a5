import { Module } from '@nestjs/common';
import { CONFIG, type WeirConfig } from '#platform';
import { Notifier } from './notifier.js';
import { ENDPOINTS, RESOLVE } from './notify.tokens.js';
import { systemResolve } from './system-resolve.js';
import { WebhooksController } from './webhooks.controller.js';
import { openEndpoints } from './webhook.endpoints.js';

/** People are told: webhooks by the Standard Webhooks specification, and Slack's. */
@Module({
  controllers: [WebhooksController],
  providers: [
    Notifier,
    { provide: ENDPOINTS, inject: [CONFIG], useFactory: (config: WeirConfig) => openEndpoints(config) },
    { provide: RESOLVE, useValue: systemResolve },
  ],
})
export class NotifyModule {}
