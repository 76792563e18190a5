import { createRoute } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.js';
import type { Screen } from '../../app/screen.js';
import { FindingPage } from './finding-page.js';
import { FindingsPage } from './findings-page.js';
import { readSearch } from './search.js';

const list = createRoute({
  getParentRoute: () => rootRoute,
  path: '/findings',
  component: FindingsPage,
  validateSearch: readSearch,
});
const one = createRoute({ getParentRoute: () => rootRoute, path: '/findings/$id', component: FindingPage });

export const findings: Screen = {
  nav: { label: 'Findings', to: '/findings', key: 'f', roles: ['security', 'auditor'] },
  routes: [list, one],
};
