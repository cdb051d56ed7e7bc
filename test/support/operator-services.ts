/** The services of an operator, in memory: the queue of a test, with corrupt requests beside it. */

import type { OperatorServices } from '../../functions/operator/operator.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { State } from '../../functions/queue/items/states.ts';
import { type CapturingServices, captureServices } from './capturing-services.ts';
import { makeItem } from './delivery-item.ts';
import { MemoryCorruptRequests } from './memory-corrupt-requests.ts';

/** Services, and a record of their use. */
export interface CapturingOperatorServices extends OperatorServices, CapturingServices {
  readonly corruptRequests: MemoryCorruptRequests;
  readonly ledger: CapturingServices['ledger'];
  readonly bodies: CapturingServices['bodies'];
  readonly clock: CapturingServices['clock'];
  readonly log: CapturingServices['log'];
}

/** Makes services. `chance`: the random numbers. */
export function operatorServices(
  parameters: Readonly<Record<string, string>> = {},
  chance = 0,
): CapturingOperatorServices {
  return {
    ...captureServices(parameters),
    random: () => chance,
    corruptRequests: new MemoryCorruptRequests(),
  };
}

/** Adds items, each with its relevant fields; the others are as in `makeItem`, arrived just now. */
export async function putItems(
  { ledger, clock }: CapturingOperatorServices,
  ...given: readonly (Partial<DeliveryItem> & { readonly state: State })[]
): Promise<readonly DeliveryItem[]> {
  const items = given.map((one) => {
    const { due, ...item } = makeItem({ arrival: clock.wall, ...one });
    return 'due' in one && one.due !== undefined ? { ...item, due: one.due } : item;
  });
  for (const item of items) await ledger.admit(item);
  return items;
}
