import { Link } from '@tanstack/react-router';
import { usePageTitle } from './page-title.js';

export function NotFound() {
  usePageTitle('Not found');
  return (
    <div className="page narrow">
      <h1>There is no such page</h1>
      <p>The address may be cut short: an id has 26 letters and digits after its first three.</p>
      <p>
        <Link to="/">To the start</Link>
      </p>
    </div>
  );
}
