import { Controller, Get, Header, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { register, type MetricObject } from 'prom-client';
import { AppError } from '#kernel';
import { Public } from './guard.decorators.js';
import { isLoopbackHost } from '#wire';
import { MetricsDesk } from './metrics.desk.js';
import { OpenApi } from './openapi.js';
import { Readiness } from './readiness.js';

/** What is served beside the API, without a token. */
@ApiExcludeController()
@Controller()
export class StatusController {
  readonly #readiness: Readiness;
  readonly #openApi: OpenApi;

  constructor(
    @Inject(Readiness) readiness: Readiness,
    @Inject(OpenApi) openApi: OpenApi,
    @Inject(MetricsDesk) private readonly desk: MetricsDesk,
  ) {
    this.#readiness = readiness;
    this.#openApi = openApi;
  }

  /** The process is up. */
  @Public()
  @Get('healthz')
  health() {
    return { status: 'ok' };
  }

  /** The process takes work; 503 names what it waits for. */
  @Public()
  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: { status(code: number): unknown }) {
    const waitingFor = await this.#readiness.failing();
    if (waitingFor.length === 0) return { status: 'ok' };
    reply.status(503);
    return { status: 'waiting', waitingFor };
  }

  /** Prometheus text. Counters tell who works when, so only this machine may read them. */
  @Public()
  @Get('metrics')
  @Header('content-type', register.contentType)
  metrics(@Req() request: Scrape): Promise<string> {
    expectLocal(request);
    return this.desk.text();
  }

  /** The same as data and of this process alone: for the one that serves them all. */
  @Public()
  @Get('metrics/own')
  ownMetrics(@Req() request: Scrape): Promise<readonly MetricObject[]> {
    expectLocal(request);
    return this.desk.own();
  }

  @Public()
  @Get('openapi.json')
  openApi() {
    return this.#openApi.document;
  }
}

interface Scrape {
  readonly socket: { readonly remoteAddress?: string };
}

function expectLocal({ socket: { remoteAddress: from } }: Scrape): void {
  // Undefined on a Unix socket.
  if (from !== undefined && !isLoopbackHost(from))
    throw new AppError('FORBIDDEN', 'metrics are served on loopback only');
}
