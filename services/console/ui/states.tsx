import type { ReactNode } from 'react';
import { ApiProblem } from '../app/problem.js';
import { Button } from './button.js';
import { Visible } from './visible-text.js';

export function Loading({ what }: { readonly what: string }) {
  return (
    <div className="state state-loading" role="status">
      <span className="pulse" aria-hidden="true" />
      Loading {what}…
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="state">
      <p className="state-title">{title}</p>
      {children}
    </div>
  );
}

interface FailureProps {
  readonly error: unknown;
  readonly what: string;
  readonly retry?: () => void;
}

export function Failure({ error, what, retry }: FailureProps) {
  const problem = error instanceof ApiProblem ? error : undefined;
  return (
    <div className="state state-failed" role="alert">
      <p className="state-title">{titleOf(problem, what)}</p>
      <p>
        <Visible text={problem?.message ?? String(error)} />
      </p>
      {problem?.hint !== undefined && (
        <p className="faint">
          <Visible text={problem.hint} />
        </p>
      )}
      {retry && problem?.status !== 403 && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

function titleOf(problem: ApiProblem | undefined, what: string): string {
  if (problem?.status === 403) return `You may not see ${what}`;
  if (problem?.status === 404) return `There is no such thing here`;
  if (problem?.status === 0) return 'Weirkeeper does not answer';
  return `Could not load ${what}`;
}
