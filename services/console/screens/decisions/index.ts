import { createRoute } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.js';
import type { Screen } from '../../app/screen.js';
import { NotFound } from '../../app/not-found.js';

const route = createRoute({ getParentRoute: () => rootRoute, path: '/decisions/$id', component: NotFound });

export const decisions: Screen = { routes: [route] };
