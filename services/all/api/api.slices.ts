import { RequestMethod, type Type } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { systemClock } from '#kernel';
import { parseConfig, previewHttp, StatusController, type PlatformOptions } from '#platform';
import { ServicesModule } from '../services.module.js';
import { targetNames, targets, type Target, type TargetName } from '../targets.js';

/** What some services serve together: their document, and their paths in its form, `/api/sessions/{id}`. */
export interface ApiSlice {
  readonly document: OpenAPIObject;
  readonly paths: readonly string[];
}

/** Told by the controllers alone: nothing is started, opened or written. */
export async function apiSlice(names: readonly TargetName[]): Promise<ApiSlice> {
  const config = parseConfig('', '/weir.yaml', '/state');
  const services = names.map((name): Target => targets[name]);
  const modules = await Promise.all(services.map((service) => service.modules(config)));
  const platform = { config, clock: systemClock } as PlatformOptions;
  const { document, controllers } = await previewHttp(ServicesModule.forRoot(platform, modules.flat()));
  return { document, paths: [...new Set(controllers.flatMap(pathsOf))].toSorted() };
}

/** Each target's. */
export async function apiSlices(): Promise<ReadonlyMap<TargetName, ApiSlice>> {
  return new Map(await Promise.all(targetNames.map(async (name) => [name, await apiSlice([name])] as const)));
}

/** Of handlers that the document leaves out, too; not what every process serves beside its slice. */
function pathsOf(controller: Type): string[] {
  if (controller === StatusController) return [];
  const own = Reflect.getMetadata('path', controller) as string;
  const prototype = controller.prototype as Record<string, object>;
  const handlers = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  return handlers.flatMap((name) => {
    const handler = prototype[name]!;
    if (!(Reflect.getMetadata('method', handler) in RequestMethod)) return [];
    const segments = ['api', own, Reflect.getMetadata('path', handler) as string].flatMap((part) =>
      part.split('/'),
    );
    return [`/${segments.filter(Boolean).map(templated).join('/')}`];
  });
}

/** `:id` is `{id}`; `*path` takes what is left and stays as it is. */
function templated(segment: string): string {
  return segment.startsWith(':') ? `{${segment.slice(1)}}` : segment;
}
