import { createRootRouteWithContext } from '@tanstack/react-router';
import type { RouterContext } from './screen.js';
import { NotFound } from './not-found.js';
import { PageError } from './page-error.js';
import { Shell } from './shell.js';

export const rootRoute = createRootRouteWithContext<RouterContext>()({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: PageError,
});
