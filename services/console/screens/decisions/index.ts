import { createRoute } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.js';
import type { Screen } from '../../app/screen.js';
import { DecisionPage } from './decision-page.js';

const route = createRoute({
  getParentRoute: () => rootRoute,
  path: '/decisions/$id',
  component: DecisionPage,
});

export const decisions: Screen = { routes: [route] };
