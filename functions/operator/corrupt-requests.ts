/**
 * Corrupt requests that a person has dealt with.
 */

import { wallTime } from '../queue/services.ts';
import type { Changing } from './operator.ts';

/** Writes down that a request waits for nobody any more; if it is there, and it was not written down before. */
export async function settleRequest(id: string, what: string, { order, services }: Changing): Promise<void> {
  if (order.whatIf === true) return;
  const { by, why } = order;
  const request = await services.corruptRequests.read(id);
  if (request === undefined || request.isSettled === true) return;
  await services.corruptRequests.settle(request, { at: wallTime(services), by, what, why });
  services.log.note('info', 'changed by hand', { id, by, what, why });
}
