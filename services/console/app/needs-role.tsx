import { Link } from '@tanstack/react-router';
import { Visible } from '../ui/visible-text.js';
import { nameOf, type Me } from './me.js';
import { usePageTitle } from './page-title.js';
import type { Role } from './screen.js';

interface NeedsRoleProps {
  readonly label: string;
  readonly roles: readonly Role[];
  readonly me: Me;
}

/** Where a link leads somebody to a page that is for others: whose it is, and how one comes by it. */
export function NeedsRole({ label, roles, me }: NeedsRoleProps) {
  usePageTitle(label);
  const wanted = roles.join(' or ');
  return (
    <div className="page narrow">
      <h1>
        {label} need the role {wanted}
      </h1>
      <p>
        You are signed in as{' '}
        <strong>
          <Visible text={nameOf(me)} />
        </strong>
        , {me.roles.length > 0 ? `with the role ${me.roles.join(' and ')}` : 'with no role here'}. Nothing is
        wrong with the link: give it to someone who has the role {wanted}.
      </p>
      <p className="faint">
        Groups of the identity provider give roles. Whoever runs Weirkeeper says which, in{' '}
        <code>weir.yaml</code> at{' '}
        {roles.map((role, i) => (
          <span key={role}>
            {i > 0 && ' and '}
            <code>identity.roles.{role}</code>
          </span>
        ))}
        .
      </p>
      <p>
        <Link to="/">To the start</Link>
      </p>
    </div>
  );
}
