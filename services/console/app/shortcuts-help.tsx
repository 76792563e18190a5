import { useState } from 'react';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { useShortcut, useShortcutList } from './shortcuts.js';

/** The list that `?` opens: the keys of the page one is on. */
export function ShortcutsHelp() {
  const [open, setOpen] = useState(false);
  useShortcut('?', 'This list', () => setOpen(true));
  const list = useShortcutList();
  return (
    <>
      <Button look="quiet" className="only-wide" onClick={() => setOpen(true)}>
        Keys <kbd>?</kbd>
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title="Keys on this page">
        <dl className="keys">
          {list.map(({ keys, label }) => (
            <div key={keys + label}>
              <dt>
                {keys.split(' ').map((key, i) => (
                  <kbd key={i}>{key}</kbd>
                ))}
              </dt>
              <dd>{label}</dd>
            </div>
          ))}
          <div>
            <dt>
              <kbd>Esc</kbd>
            </dt>
            <dd>Close a dialog</dd>
          </div>
        </dl>
        <div className="dialog-actions">
          <Button onClick={() => setOpen(false)}>Close</Button>
        </div>
      </Dialog>
    </>
  );
}
