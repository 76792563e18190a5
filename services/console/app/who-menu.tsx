import { useMutation } from '@tanstack/react-query';
import { DropdownMenu } from 'radix-ui';
import { postIdentitySignOutMutation } from '../api/gen/@tanstack/react-query.gen.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { visible } from '../ui/visible.js';
import { Visible } from '../ui/visible-text.js';
import { nameOf, type Me } from './me.js';

/** Who is signed in, with what roles, and the way out. Not modal: a modal menu brings a <style> of its own. */
export function WhoMenu({ me }: { readonly me: Me }) {
  const signOut = useMutation({
    ...postIdentitySignOutMutation(),
    onSuccess: (answer) => location.assign(answer.continue ?? '/sign-in'),
  });
  return (
    <>
      <Menu me={me} onSignOut={() => signOut.mutate({})} />
      {signOut.error && (
        <StillHere error={signOut.error} onClose={signOut.reset} onAgain={() => signOut.mutate({})} />
      )}
    </>
  );
}

interface MenuProps {
  readonly me: Me;
  readonly onSignOut: () => void;
}

function Menu({ me, onSignOut }: MenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className="button button-quiet who"
        aria-label={`Signed in as ${visible(nameOf(me))}`}
      >
        <span className="avatar" data-letter={visible(nameOf(me)).slice(0, 1).toUpperCase()} />
        <span className="only-wide who-name">
          <Visible text={nameOf(me)} />
        </span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6} collisionPadding={12}>
          <DropdownMenu.Label className="menu-label">
            <strong>
              <Visible text={nameOf(me)} />
            </strong>
            <span className="faint">
              <Visible text={me.id} />
            </span>
            <span className="faint">{me.roles.length > 0 ? me.roles.join(', ') : 'no role here'}</span>
          </DropdownMenu.Label>
          <DropdownMenu.Separator className="menu-line" />
          <DropdownMenu.Item className="menu-item" onSelect={onSignOut}>
            Sign out
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface StillHereProps {
  readonly error: Error;
  readonly onClose: () => void;
  readonly onAgain: () => void;
}

/** Nobody may leave believing that they are signed out. */
function StillHere({ error, onClose, onAgain }: StillHereProps) {
  return (
    <Dialog
      open
      onClose={onClose}
      title="You were not signed out"
      description="Whoever uses this browser next may still act as you."
    >
      <p className="notice notice-bad" role="alert">
        <Visible text={error.message} />
      </p>
      <div className="dialog-actions">
        <Button onClick={onClose}>Stay</Button>
        <Button look="primary" onClick={onAgain}>
          Sign out again
        </Button>
      </div>
    </Dialog>
  );
}
