import { client } from '../api/gen/client.gen.js';
import { problemOf } from './problem.js';

/** The token of the page session: every call that changes something carries it. */
let csrf: string | undefined;

export function keepCsrf(token: string | undefined): void {
  csrf = token;
}

/** Sets the generated client up, once; `signIn` is called when the session is over. */
export function setUpClient(signIn: () => void): void {
  client.interceptors.request.use((request) => {
    const isUnsafe = request.method !== 'GET' && request.method !== 'HEAD';
    if (isUnsafe && csrf !== undefined) request.headers.set('x-weir-csrf', csrf);
    return request;
  });
  client.interceptors.error.use((error, response) => {
    const problem = problemOf(error, response as Response | undefined);
    if (problem.status === 401) signIn();
    return problem;
  });
}
