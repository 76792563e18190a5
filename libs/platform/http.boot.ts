import { createServer, type RequestListener } from 'node:http';
import type { INestApplication, Type, DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
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
  app.useSecurityHeaders();
  app.setGlobalPrefix(options.globalPrefix ?? 'api', {
    exclude: ['healthz', 'readyz', 'metrics', 'metrics/own'],
  });
  if (options.shutdownHooks ?? true) app.enableShutdownHooks();
  measureProcess();
  app.get(OpenApi, { strict: false }).describe(app);
  if ('socketPath' in options.listen) await app.listen(options.listen.socketPath);
  else await app.listen(options.listen.port, options.listen.host);
  return app;
}

function adapterOf({ bodyLimit = 1024 * 1024, mounts = [] }: HttpOptions): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit,
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
