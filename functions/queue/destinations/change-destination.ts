/**
 * Changes the record of a destination: reads it, changes it, and writes it; repeats if another process wrote meanwhile.
 */

import type { DestinationRecord } from '../items/destination-record.ts';
import type { Destinations } from '../items/ports.ts';

/**
 * Tries before the change fails: that many lost races in a row mean that too many processes write to the destination.
 */
const tries = 8;

/**
 * Changes a record.
 *
 * @param change returns the new record; undefined: write nothing
 * @returns the record after the call, and whether it was written
 * @throws Error if another process wrote first each time
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
