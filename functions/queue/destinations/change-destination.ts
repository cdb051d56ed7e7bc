/**
 * Changes to the record of a destination: read, changed, written if nobody else has written meanwhile, else once more.
 */

import type { DestinationRecord } from '../items/destination-record.ts';
import type { Destinations } from '../items/ports.ts';

/** How often it is tried: whoever loses so often in a row writes to a destination that the whole world writes to. */
const tries = 8;

/**
 * Changes a record.
 *
 * @param change undefined: nothing is to be written
 * @returns the record as it is then, and whether it was written
 * @throws Error where others were faster each time
 */
export async function changeDestination(
  destinations: Destinations,
  name: string,
  change: (record: DestinationRecord) => DestinationRecord | undefined,
): Promise<{ readonly record: DestinationRecord; readonly isChanged: boolean }> {
  for (let n = 0; n < tries; n += 1) {
    const record = await destinations.read(name);
    const changed = change(record);
    if (changed === undefined) return { record, isChanged: false };
    if (await destinations.write(changed)) {
      return { record: { ...changed, revision: changed.revision + 1 }, isChanged: true };
    }
  }
  throw new Error(`the record of destination ${name} was written by others ${tries} times in a row`);
}
