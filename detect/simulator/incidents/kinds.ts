import { bulkRead } from './bulk-read.js';
import { configChange } from './config-change.js';
import { enumeration } from './enumeration.js';
import { firstUse } from './first-use.js';
import { honeytoken } from './honeytoken.js';
import { irregularTiming } from './irregular-timing.js';
import { newClient } from './new-client.js';
import { newSource } from './new-source.js';
import { outOfBandChange } from './out-of-band-change.js';
import { outOfHours } from './out-of-hours.js';
import { packedRead } from './packed-read.js';
import { probing } from './probing.js';
import { rareTable } from './rare-table.js';
import { recordGap } from './record-gap.js';
import { sensitiveVolume } from './sensitive-volume.js';
import { slowDrip } from './slow-drip.js';
import { splitRead } from './split-read.js';
import type { IncidentKind } from './stage.js';
import { twoPlaces } from './two-places.js';

const firstKinds: readonly IncidentKind[] = [
  outOfHours,
  bulkRead,
  rareTable,
  newSource,
  newClient,
  twoPlaces,
  irregularTiming,
  sensitiveVolume,
  slowDrip,
  enumeration,
  probing,
  firstUse,
  outOfBandChange,
  configChange,
  recordGap,
  honeytoken,
];

/** Those that came later are put after all others, as many of each: the others stay where they were. */
export const kindsInTurn: readonly (readonly IncidentKind[])[] = [firstKinds, [splitRead, packedRead]];

export const incidentKinds = kindsInTurn.flat();
