import { createServer, type RequestListener, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication, Type, DynamicModule } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { closingInTime } from './http.closing.js';
import { JsonLogger, logLevel } from './json.logger.js';
import { measureProcess } from './metrics.js';
import { OpenApi } from './openapi.js';

export interface HttpOptions {
  readonly listen: { readonly host: string; readonly port: number } | { readonly socketPath: string };
  /** Default `api`. Health, readiness and metrics stand beside it. */
  readonly globalPrefix?: string;
  /** Bytes of a request's body. Default 1 MiB. */
  readonly bodyLimit?: number;
  /** Handlers that get requests below a path untouched, before any parsing of ours. */
  readonly mounts?: readonly Mount[];
  /** SIGTERM and SIGINT close the application. Default true. */
  readonly shutdownHooks?: boolean;
}

export interface Mount {
  /** Begins with a slash and ends without one. Empty: all that is left. */
  readonly path: string;
  /** Paths below it that are not its own. */
  readonly except?: readonly string[];
  readonly handle: RequestListener;
}

/** Of Fastify. */
interface Closing {
  addHook(name: 'preClose', hook: (done: () => void) => void): unknown;
}

/** Builds, documents and starts an HTTP application; resolves when it listens. */
export async function bootHttp(
  module: Type | DynamicModule,
  options: HttpOptions,
): Promise<INestApplication> {
  const app = await NestFactory.create(module, adapterOf(options), {
    logger: new JsonLogger(logLevel()),
    routeConflictPolicy: { duplicate: 'error' },
    return503OnClosing: true,
    abortOnError: false,
  });
  try {
    await listening(app, options);
    return app;
  } catch (error) {
    // What was opened by then keeps files, ports and threads: an engine's would keep the whole process.
    await Promise.race([app.close().catch(() => undefined), sleep(closeGrace, undefined, { ref: false })]);
    throw error;
  }
}

/** Milliseconds that what did not start has to be closed. */
const closeGrace = 3000;

async function listening(app: INestApplication, options: HttpOptions): Promise<void> {
  app.useSecurityHeaders();
  apiPrefix(app, options.globalPrefix);
  const close = closingInTime(app.getHttpServer() as Server);
  (app.getHttpAdapter().getInstance() as Closing).addHook('preClose', (done) => {
    close();
    done();
  });
  if (options.shutdownHooks ?? true) app.enableShutdownHooks();
  measureProcess();
  app.get(OpenApi, { strict: false }).describe(app);
  if ('socketPath' in options.listen) await app.listen(options.listen.socketPath);
  else await app.listen(options.listen.port, options.listen.host);
}

/** The application's controllers and its document, and nothing that runs: a preview makes none of its providers. */
export async function previewHttp(
  module: Type | DynamicModule,
): Promise<{ document: OpenAPIObject; controllers: readonly Type[] }> {
  const app = await NestFactory.create(module, new FastifyAdapter(), {
    ...{ preview: true, logger: false, abortOnError: false },
  });
  apiPrefix(app);
  const openApi = new OpenApi();
  openApi.describe(app);
  const modules = [...app.get(ModulesContainer).values()];
  const controllers = modules.flatMap(({ controllers: all }) => [...all.values()]);
  return {
    document: openApi.document!,
    controllers: controllers.map(({ metatype }) => metatype as Type),
  };
}

/** Health, readiness and metrics stand beside the API. */
function apiPrefix(app: INestApplication, prefix = 'api'): void {
  app.setGlobalPrefix(prefix, { exclude: ['healthz', 'readyz', 'metrics', 'metrics/own'] });
}

function adapterOf({ bodyLimit = 1024 * 1024, mounts = [] }: HttpOptions): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit,
    // An identity stands in a path: issuer and subject, as long as a provider makes them.
    routerOptions: { maxParamLength: 2048 },
    requestTimeout: 30_000, // to receive a request whole; an answer may stream for as long as it takes
    serverFactory: (routes: RequestListener) =>
      createServer({ requestTimeout: 30_000, keepAliveTimeout: 72_000 }, (request, response) => {
        // What an answer shows is its caller's, and some of it only for now: no browser and no cache keeps it.
        if (isBelow(request.url ?? '', '/api')) response.setHeader('cache-control', 'no-store');
        const mount = mounts.find((each) => takes(each, request.url ?? ''));
        (mount?.handle ?? routes)(request, response);
      }),
  });
}

function takes({ path, except = [] }: Mount, url: string): boolean {
  return isBelow(url, path) && !except.some((each) => isBelow(url, each));
}

function isBelow(url: string, path: string): boolean {
  return url === path || url.startsWith(`${path}/`) || url.startsWith(`${path}?`);
}
