import type { MaskingSet } from '#masking';
import type { TargetAddress } from './gate/gate.js';

/** What serves the data plane: this process, or workers of its own. */
export abstract class DataPlane {
  /** Where PostgreSQL clients connect, once there is such a place. */
  abstract readonly address: { readonly host: string; readonly port: number } | undefined;
  /** What the API's own reading of a target needs. Throws CONNECTION_UNKNOWN, STALE_SNAPSHOT. */
  abstract target(connection: string): Promise<{ target: TargetAddress; masking: MaskingSet }>;
}
