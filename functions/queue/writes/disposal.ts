/**
 * Deletes bodies that are no longer needed: when the last delivery of a request is done and all its events are
 * published.
 *
 * In doubt a body is kept: never delete a body that a live delivery still references. A body whose deletion failed also
 * stays. A deleted body remains readable as a version until the bucket expires it.
 */

import type { Log } from '../../log/log.ts';
import { parseOtherTransport } from '../../request/route.ts';
import type { DeliveryItem } from '../items/item.ts';
import type { Ledger, SpentBodies } from '../items/ports.ts';
import { isUnreadable } from '../items/unreadable-item.ts';
import { ownsBody } from './request-body.ts';

/** Requests that are checked in parallel. */
const together = 10;

interface Needed {
  readonly ledger: Pick<Ledger, 'readBack'>;
  readonly log: Log;
}

/** Bodies that may be deleted, as noted by one process. */
export class Disposal {
  readonly #bucket: string;
  readonly #bodies: SpentBodies;
  /** By queue id. */
  readonly #noted = new Map<string, DeliveryItem>();

  /** @param bucket the stack's own bucket, which keeps versions; bodies elsewhere are never deleted */
  constructor(bucket: string, bodies: SpentBodies) {
    this.#bucket = bucket;
    this.#bodies = bodies;
  }

  /** Adds a delivery that is done, with all events published; {@link deleteSpent} checks the others of its request. */
  add(item: DeliveryItem): void {
    const { id, state, message } = item;
    if (state !== 'done' || message.bucket !== this.#bucket || message.versionId === undefined) return;
    if (ownsBody(item)) this.#noted.set(id, item);
  }

  /** Deletes the bodies of requests that are done. An error is logged, and the body stays. */
  async deleteSpent(services: Needed): Promise<void> {
    const noted = [...this.#noted.values()];
    this.#noted.clear();
    for (let from = 0; from < noted.length; from += together) {
      await Promise.all(noted.slice(from, from + together).map((item) => this.#dispose(item, services)));
    }
  }

  async #dispose({ id, message }: DeliveryItem, { ledger, log }: Needed): Promise<void> {
    const { bucket, key } = message;
    try {
      if (!(await isSpent(id, ledger))) return;
      if (!(await this.#bodies.discard(message)))
        log.note('info', 'body not deleted: the key has another object now', { id, bucket, key });
    } catch (error) {
      log.note('warn', 'body not deleted', { id, bucket, key, error });
    }
  }
}

/** Whether no delivery of the request needs the body. */
async function isSpent(id: string, ledger: Pick<Ledger, 'readBack'>): Promise<boolean> {
  let count = 0;
  let first: DeliveryItem | undefined;
  // Deliveries written last are usually done last.
  for await (const item of ledger.readBack(id)) {
    // An unreadable item may need the body.
    if (isUnreadable(item) || !needsNothing(item)) return false;
    count += 1;
    first = item;
  }
  // While a request is being admitted it has fewer deliveries than planned.
  return first !== undefined && count >= first.deliveries;
}

function needsNothing({ state, pending, destination }: DeliveryItem): boolean {
  // Another transport may still need the body of mail handed on to it.
  return state === 'done' && Object.keys(pending).length === 0 && parseOtherTransport(destination) === undefined;
}
