import 'reflect-metadata';
import type { OpenAPIObject } from '@nestjs/swagger';
import { mergedDocument } from './api.document.js';
import { routesOf, type ApiRoute } from './api.routes.js';
import { apiSlices } from './api.slices.js';

/** What deploy/dev/api.mjs writes. */
export async function apiFiles(): Promise<{ document: OpenAPIObject; routes: ApiRoute[] }> {
  const slices = await apiSlices();
  const documents = [...slices.values()].map(({ document }) => document);
  return { document: mergedDocument(documents), routes: routesOf(slices) };
}
