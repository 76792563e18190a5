import { QueryClient } from '@tanstack/react-query';
import { createRouter } from '@tanstack/react-router';
import { screens } from '../screens.js';
import { mayPass } from './problem.js';
import { rootRoute } from './root-route.js';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < 4 && mayPass(error),
      retryDelay: (failures) => Math.min(500 * 2 ** failures, 5000),
      staleTime: 5_000,
    },
    mutations: { retry: false },
  },
});

export const router = createRouter({
  routeTree: rootRoute.addChildren(screens.flatMap(({ routes }) => [...routes])),
  context: { queryClient, nav: screens.flatMap(({ nav }) => (nav ? [nav] : [])) },
  defaultPreload: false,
  trailingSlash: 'never',
});

/** Leads to the sign-in page, which leads back here. */
export function toSignIn(): void {
  const { pathname, href } = router.state.location;
  if (pathname === '/sign-in') return;
  queryClient.clear();
  void router.navigate({ href: `/sign-in?to=${encodeURIComponent(href)}` });
}
