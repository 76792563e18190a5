import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Mount } from '#platform';

const ways: Readonly<Record<string, (id: string) => string>> = {
  '/decisions': (id) =>
    `Decision ${id}\n\nThere is no page for it yet. With a token of whoever asked, or of an auditor:\n` +
    `  GET /api/decisions/${id}\n  ./weir replay ${id.replace(/-\d+$/, '')}\n`,
  '/approvals': (id) =>
    `Approval ${id}\n\nThere is no page for it yet. As an approver:\n` +
    `  ./weir approvals ${id}          what exactly would run\n` +
    `  ./weir approve ${id} --reason "…"   or   ./weir deny ${id} --reason "…"\n`,
};

/** What the links in errors and notices lead to until there are pages: the command to run. Shows no data. */
export const signposts: Mount[] = Object.entries(ways).map(([path, way]) => ({
  path,
  handle: (request: IncomingMessage, response: ServerResponse) => {
    const id = /^\/\w+\/([a-z]{3}_[0-9a-z]{26}(?:-\d{1,9})?)$/.exec(request.url ?? '')?.[1];
    const isFound = request.method === 'GET' && id !== undefined;
    response.writeHead(isFound ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(isFound ? way(id) : 'Not found\n');
  },
}));
