/**
 * Bodies are deleted when nobody needs them any more: when the last delivery of a request is done, and everybody was told of it.
 *
 * What is not sure is kept. A body that somebody else may need stays, as does one that could not be deleted; and whatever was
 * deleted is still there as a version, which whoever pinned it goes on reading until the bucket lets go of it.
 */

import type { Log } from '../../log/log.ts';
import { parseOtherTransport } from '../../request/route.ts';
import type { DeliveryItem } from '../items/item.ts';
import type { Ledger, SpentBodies } from '../items/ports.ts';
import { isUnreadable } from '../items/unreadable-item.ts';
import { ownsBody } from './request-body.ts';

/** Requests that are looked at, at the same time. */
const together = 10;

interface Needed {
  readonly ledger: Pick<Ledger, 'readBack'>;
  readonly log: Log;
}

/** The bodies that one process has left over. */
export class Disposal {
  readonly #bucket: string;
  readonly #bodies: SpentBodies;
  /** By queue id. */
  readonly #noted = new Map<string, DeliveryItem>();

  /** @param bucket the stack's own, which keeps versions: what lies elsewhere is not ours to delete */
  constructor(bucket: string, bodies: SpentBodies) {
    this.#bucket = bucket;
    this.#bodies = bodies;
  }

  /** Notes that a delivery is done and that everybody was told; {@link settle} looks at the others of its request. */
  note(item: DeliveryItem): void {
    const { id, state, message } = item;
    if (state !== 'done' || message.bucket !== this.#bucket || message.versionId === undefined) return;
    if (ownsBody(item)) this.#noted.set(id, item);
  }

  /** Deletes the bodies of those requests that are done. Whatever fails is logged, and the body stays. */
  async settle(services: Needed): Promise<void> {
    const noted = [...this.#noted.values()];
    this.#noted.clear();
    for (let from = 0; from < noted.length; from += together) {
      await Promise.all(noted.slice(from, from + together).map((item) => this.#dispose(item, services)));
    }
  }

  async #dispose({ id, message }: DeliveryItem, { ledger, log }: Needed): Promise<void> {
    const { bucket, key } = message;
    try {
      if (!(await isOver(id, ledger))) return;
      if (!(await this.#bodies.discard(message)))
        log.note('info', 'another body lies there by now', { id, bucket, key });
    } catch (error) {
      log.note('warn', 'body not deleted', { id, bucket, key, error });
    }
  }
}

/** Whether nobody will ever ask for the body again. */
async function isOver(id: string, ledger: Pick<Ledger, 'readBack'>): Promise<boolean> {
  let count = 0;
  let first: DeliveryItem | undefined;
  // Those that were put down last are, as a rule, done last.
  for await (const item of ledger.readBack(id)) {
    // What cannot be read may need it.
    if (isUnreadable(item) || !needsNothing(item)) return false;
    count += 1;
    first = item;
  }
  // A request that is still being taken in has fewer deliveries than it was cut into.
  return first !== undefined && count >= first.deliveries;
}

function needsNothing({ state, pending, destination }: DeliveryItem): boolean {
  // What another transport has now is done with here only.
  return state === 'done' && Object.keys(pending).length === 0 && parseOtherTransport(destination) === undefined;
}
