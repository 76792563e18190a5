import { createRoute } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.js';
import type { Screen } from '../../app/screen.js';
import { InboxPage } from './inbox-page.js';
import { NothingOpened } from './nothing-opened.js';
import { RequestPage } from './request-page.js';

export interface InboxSearch {
  readonly status?: 'all';
}

const inbox = createRoute({
  getParentRoute: () => rootRoute,
  path: '/approvals',
  component: InboxPage,
  validateSearch: ({ status }: Record<string, unknown>): InboxSearch => (status === 'all' ? { status } : {}),
});
const none = createRoute({ getParentRoute: () => inbox, path: '/', component: NothingOpened });
const one = createRoute({ getParentRoute: () => inbox, path: '$id', component: RequestPage });

export const approvals: Screen = {
  nav: { label: 'Approvals', to: '/approvals', key: 'a', roles: ['approver'] },
  routes: [inbox.addChildren([none, one])],
};
