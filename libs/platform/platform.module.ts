import { Module, StandardSchemaValidationPipe, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import type { EventLog } from '#event-log';
import type { Clock } from '#kernel';
import { AccessGuard } from './access.guard.js';
import type { WeirConfig } from './config.schema.js';
import { IdentityLog } from './identity-log.js';
import { MetricsDesk } from './metrics.desk.js';
import { OpenApi } from './openapi.js';
import { PageSessions } from './page-sessions.js';
import { ProblemFilter } from './problem.filter.js';
import { Readiness } from './readiness.js';
import { StatusController } from './status.controller.js';
import { TokenCallers } from './token.callers.js';
import { CLOCK, CONFIG, EVENT_LOG, INSTANCE, TOKEN_VERIFIER, YIELDS, type TokenVerifier } from './tokens.js';
import { Tracing } from './tracing/tracing.js';

export interface PlatformOptions {
  readonly config: WeirConfig;
  readonly clock: Clock;
  readonly eventLog: EventLog;
  /** This process's name, see INSTANCE. */
  readonly instance: string;
  readonly verifier: TokenVerifier;
  /** What this process is called in metrics. Default `gate`. */
  readonly process?: string;
  /** See YIELDS. Default: no. */
  readonly yields?: boolean;
}

/** What every application has: the injected tokens, the guard, the validation pipe, the exception filter. */
@Module({})
export class PlatformModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    return {
      module: PlatformModule,
      global: true,
      controllers: [StatusController],
      providers: [
        { provide: CONFIG, useValue: options.config },
        { provide: CLOCK, useValue: options.clock },
        { provide: EVENT_LOG, useValue: options.eventLog },
        { provide: INSTANCE, useValue: options.instance },
        { provide: TOKEN_VERIFIER, useValue: options.verifier },
        { provide: YIELDS, useValue: options.yields ?? false },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_PIPE, useClass: StandardSchemaValidationPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: MetricsDesk, useValue: new MetricsDesk(options.process ?? 'gate') },
        {
          provide: Tracing,
          useFactory: () => Tracing.open(options.config, options.process ?? 'gate', options.instance),
        },
        Readiness,
        IdentityLog,
        PageSessions,
        TokenCallers,
        OpenApi,
      ],
      exports: [
        CONFIG,
        CLOCK,
        EVENT_LOG,
        INSTANCE,
        TOKEN_VERIFIER,
        YIELDS,
        MetricsDesk,
        Tracing,
        Readiness,
        IdentityLog,
        PageSessions,
        TokenCallers,
      ],
    };
  }
}
