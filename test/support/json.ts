/** Narrows what a server answered. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A response's body as the shape that the test expects: its assertions are the check. */
export async function json<T>(response: Response): Promise<T> {
  return (await response.json()) as T;
}
