import { Link, Outlet, useLocation, useNavigate, useRouteContext } from '@tanstack/react-router';
import { useEffect, useRef, type ReactNode } from 'react';
import { Loading } from '../ui/states.js';
import { useWho, type Me } from './me.js';
import { NeedsRole } from './needs-role.js';
import type { NavEntry, RouterContext } from './screen.js';
import { ShortcutsHelp } from './shortcuts-help.js';
import { useShortcut } from './shortcuts.js';
import { ThemeButton } from './theme-button.js';
import { WhoMenu } from './who-menu.js';

/** What every page stands in. */
export function Shell() {
  const { pathname } = useLocation();
  const { me, asking } = useWho(pathname !== '/sign-in');
  return (
    <>
      <a className="skip" href="#content">
        To the content
      </a>
      <header className="bar">
        <Link to="/" className="brand" aria-label="Weirkeeper, start">
          <Mark />
          <span>Weirkeeper</span>
        </Link>
        {me && <Nav me={me} />}
        <div className="bar-end">
          <ShortcutsHelp />
          <ThemeButton />
          {me && <WhoMenu me={me} />}
        </div>
      </header>
      <Content key={pathname.split('/')[1]}>
        <ForRoles me={me} asking={asking} pathname={pathname} />
      </Content>
    </>
  );
}

/** A new page is where the keyboard and a screen reader go on. */
function Content({ children }: { readonly children: ReactNode }) {
  const main = useRef<HTMLElement>(null);
  useEffect(() => main.current?.focus({ preventScroll: true }), []);
  return (
    <main id="content" tabIndex={-1} ref={main}>
      {children}
    </main>
  );
}

interface ForRolesProps {
  readonly me: Me | undefined;
  readonly asking: boolean;
  readonly pathname: string;
}

/** The page, where it is for whoever looks; a page of a role asks for nothing before that is known. */
function ForRoles({ me, asking, pathname }: ForRolesProps) {
  const { nav }: RouterContext = useRouteContext({ strict: false });
  const entry = nav.find(({ to }) => pathname === to || (to !== '/' && pathname.startsWith(`${to}/`)));
  if (!entry?.roles) return <Outlet />;
  if (asking) return <Loading what="who you are" />;
  if (!me || mayOpen(entry, me)) return <Outlet />;
  return <NeedsRole label={entry.label} roles={entry.roles} me={me} />;
}

function mayOpen({ roles }: NavEntry, me: Me): boolean {
  return !roles || roles.some((role) => me.roles.includes(role));
}

function Nav({ me }: { readonly me: Me }) {
  const { nav }: RouterContext = useRouteContext({ strict: false });
  const open = nav.filter((entry) => mayOpen(entry, me));
  return (
    <nav className="nav" aria-label="Pages">
      {open.map((entry) => (
        <NavLink key={entry.to} entry={entry} />
      ))}
    </nav>
  );
}

function NavLink({ entry }: { readonly entry: NavEntry }) {
  const navigate = useNavigate();
  useShortcut(`g ${entry.key}`, `To ${entry.label}`, () => void navigate({ to: entry.to }));
  return (
    <Link to={entry.to} activeOptions={{ exact: entry.to === '/', includeSearch: false }}>
      {entry.label}
    </Link>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <rect width="32" height="32" rx="8" className="mark-back" />
      <path className="mark-water" d="M6 11.5c3.3 0 3.3 2.5 6.7 2.5s3.3-2.5 6.6-2.5 3.4 2.5 6.7 2.5" />
      <path className="mark-posts" d="M9 18v7M16 18v7M23 18v7" />
    </svg>
  );
}
