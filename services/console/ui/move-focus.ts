/** Moves the focus from link to link of a list, from the one that has it, or else from the one that is open. */
export function moveFocus(list: HTMLElement | null, links: string, step: number): void {
  const all = [...(list?.querySelectorAll<HTMLElement>(links) ?? [])];
  const focused = all.findIndex((link) => link === document.activeElement);
  const opened = all.findIndex((link) => link.getAttribute('aria-current') === 'page');
  const at = focused >= 0 ? focused : opened;
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  all[next]?.focus();
}
