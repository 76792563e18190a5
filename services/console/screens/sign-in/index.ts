import { createRoute } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.js';
import type { Screen } from '../../app/screen.js';
import { SignInPage } from './sign-in-page.js';

const route = createRoute({ getParentRoute: () => rootRoute, path: '/sign-in', component: SignInPage });

export const signIn: Screen = { routes: [route] };
