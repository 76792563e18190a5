import type { Screen } from './app/screen.js';
import { approvals } from './screens/approvals/index.js';
import { decisions } from './screens/decisions/index.js';
import { findings } from './screens/findings/index.js';
import { sessions } from './screens/sessions/index.js';
import { signIn } from './screens/sign-in/index.js';
import { start } from './screens/start/index.js';

/** Every screen, in the order of the bar at the top. */
export const screens: readonly Screen[] = [start, approvals, sessions, findings, decisions, signIn];
