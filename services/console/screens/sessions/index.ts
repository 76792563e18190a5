import { createRoute } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.js';
import type { Screen } from '../../app/screen.js';
import { readSearch } from './search.js';
import { SearchPage } from './search-page.js';
import { SessionPage } from './session-page.js';

const search = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sessions',
  component: SearchPage,
  validateSearch: readSearch,
});
const one = createRoute({ getParentRoute: () => rootRoute, path: '/sessions/$id', component: SessionPage });

export const sessions: Screen = {
  nav: { label: 'Sessions', to: '/sessions', key: 's', roles: ['auditor', 'security'] },
  routes: [search, one],
};
