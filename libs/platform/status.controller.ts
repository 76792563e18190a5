import { Controller, Get, Header, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { register, type MetricObject } from 'prom-client';
import type { WeirConfig } from './config.schema.js';
import { Public } from './guard.decorators.js';
import { MetricsDesk } from './metrics.desk.js';
import { MetricsReaders, type Scrape } from './metrics.readers.js';
import { OpenApi } from './openapi.js';
import { Readiness } from './readiness.js';
import { CONFIG } from './tokens.js';

/** What is served beside the API, without a token. */
@ApiExcludeController()
@Controller()
export class StatusController {
  readonly #readiness: Readiness;
  readonly #openApi: OpenApi;
  readonly #readers: MetricsReaders;

  constructor(
    @Inject(Readiness) readiness: Readiness,
    @Inject(OpenApi) openApi: OpenApi,
    @Inject(MetricsDesk) private readonly desk: MetricsDesk,
    @Inject(CONFIG) config: WeirConfig,
  ) {
    this.#readiness = readiness;
    this.#openApi = openApi;
    this.#readers = new MetricsReaders(config);
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

  /** Prometheus text. Counters tell who works when, so only this machine and whom the configuration names may read them. */
  @Public()
  @Get('metrics')
  @Header('content-type', register.contentType)
  metrics(@Req() request: Scrape): Promise<string> {
    this.#readers.expect(request);
    return this.desk.text();
  }

  /** The same as data and of this process alone: for the one that serves them all. */
  @Public()
  @Get('metrics/own')
  ownMetrics(@Req() request: Scrape): Promise<readonly MetricObject[]> {
    this.#readers.expectLocal(request);
    return this.desk.own();
  }

  @Public()
  @Get('openapi.json')
  openApi() {
    return this.#openApi.document;
  }
}
