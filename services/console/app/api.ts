import { client } from '../api/gen/client.gen.js';
import { problemOf } from './problem.js';

interface Session {
  /** Leads to the sign-in page: nobody is signed in any more. */
  signIn(): void;
  /** The token of the page session, which every call that changes something carries. */
  csrf(): string | undefined;
}

/** Sets the generated client up, once. */
export function setUpClient(session: Session): void {
  client.interceptors.request.use((request) => {
    const isUnsafe = request.method !== 'GET' && request.method !== 'HEAD';
    const csrf = isUnsafe ? session.csrf() : undefined;
    if (csrf !== undefined) request.headers.set('x-weir-csrf', csrf);
    return request;
  });
  client.interceptors.error.use((error, response) => {
    const problem = problemOf(error, response as Response | undefined);
    if (problem.status === 401) session.signIn();
    return problem;
  });
}
