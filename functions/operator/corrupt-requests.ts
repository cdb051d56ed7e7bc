/**
 * Corrupt requests that a person has dealt with.
 */

import { wallTime } from '../queue/writes/services.ts';
import type { Changing, OperatorServices } from './operator.ts';
import type { CorruptRequest } from './ports.ts';

/** Writes down that a request waits for nobody any more; if it is there, and it was not written down before. */
export async function settleRequest(id: string, what: string, { order, services }: Changing): Promise<void> {
  if (order.whatIf === true) return;
  const { by, why } = order;
  const request = await services.corruptRequests.read(id);
  if (request === undefined || request.isSettled === true) return;
  await services.corruptRequests.settle(request, { at: wallTime(services), by, what, why });
  services.log.note('info', 'changed by hand', { id, by, what, why });
}

/** Finds requests by the name of their case, or by the queue id that their producer gave them; those that wait come first. */
export async function findRequests(
  name: string,
  { corruptRequests }: Pick<OperatorServices, 'corruptRequests'>,
): Promise<readonly CorruptRequest[]> {
  const own = await corruptRequests.read(name);
  const given = await corruptRequests.findByRequestId(name);
  const all = [...(own === undefined ? [] : [own]), ...given.filter(({ id }) => id !== own?.id)];
  return all.toSorted((a, b) => Number(a.isSettled === true) - Number(b.isSettled === true) || a.at - b.at);
}
