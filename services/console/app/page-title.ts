import { useEffect } from 'react';

/** The window's title; also what a screen reader says when the page changes. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Weirkeeper`;
  }, [title]);
}
