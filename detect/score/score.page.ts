const [begin, end] = ['<!-- score: npm run detect:score -->', '<!-- /score -->'];

/** The page with this text between the markers. */
export function pageWithScore(page: string, text: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}
