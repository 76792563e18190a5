import { createRoute } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.js';
import type { Screen } from '../../app/screen.js';
import { StartPage } from './start-page.js';

const route = createRoute({ getParentRoute: () => rootRoute, path: '/', component: StartPage });

export const start: Screen = { nav: { label: 'Start', to: '/', key: 'h' }, routes: [route] };
