import type { QueryClient } from '@tanstack/react-query';

/** After a person's word: findings, and whoever is in quarantine, since one may end the other. */
export function refetchFindings(queryClient: QueryClient): Promise<void> {
  return queryClient.invalidateQueries({
    predicate: ({ queryKey }) =>
      /^get(Findings|Quarantines)/.test((queryKey[0] as { readonly _id?: string })._id ?? ''),
  });
}
