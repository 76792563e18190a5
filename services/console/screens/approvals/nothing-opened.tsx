import { usePageTitle } from '../../app/page-title.js';

export function NothingOpened() {
  usePageTitle('Approvals');
  return (
    <div className="nothing-opened">
      <p>Choose a request to see exactly what would run.</p>
      <p className="faint">
        <kbd>j</kbd> <kbd>k</kbd> move, <kbd>Enter</kbd> opens, <kbd>?</kbd> lists all keys
      </p>
    </div>
  );
}
