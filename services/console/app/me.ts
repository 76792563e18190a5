import { useQuery } from '@tanstack/react-query';
import { getIdentityMeOptions } from '../api/gen/@tanstack/react-query.gen.js';
import type { GetIdentityMeResponse } from '../api/gen/types.gen.js';
import type { Role } from './screen.js';

export type Me = GetIdentityMeResponse;

/** Who looks at the pages; undefined until it is known, or when nobody is signed in. */
export function useMe(): Me | undefined {
  return useWho(true).me;
}

/** The same, and whether it is still asked. */
export function useWho(enabled: boolean): { readonly me: Me | undefined; readonly asking: boolean } {
  const { data, isLoading } = useQuery({ ...getIdentityMeOptions(), staleTime: 60_000, enabled });
  return { me: data, asking: isLoading };
}

export function useHas(...roles: readonly Role[]): boolean {
  const me = useMe();
  return me?.roles.some((role) => roles.includes(role)) ?? false;
}

export function nameOf(me: Me): string {
  return me.displayName || me.subject;
}
