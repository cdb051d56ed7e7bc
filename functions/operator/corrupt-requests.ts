/**
 * Corrupt requests: closing and finding them.
 */

import { wallTime } from '../queue/writes/services.ts';
import type { Changing, OperatorServices } from './operator.ts';
import type { CorruptRequest } from './ports.ts';

/** Marks a request as closed, unless it is unknown or closed already. */
export async function closeRequest(id: string, what: string, { order, services }: Changing): Promise<void> {
  if (order.whatIf === true) return;
  const { by, why } = order;
  const request = await services.corruptRequests.read(id);
  if (request === undefined || request.isClosed === true) return;
  await services.corruptRequests.close(request, { at: wallTime(services), by, what, why });
  services.log.note('info', 'changed by hand', { id, by, what, why });
}

/** Returns the requests with a case id, or with a queue id from their producer; those that wait come first. */
export async function findRequests(
  name: string,
  { corruptRequests }: Pick<OperatorServices, 'corruptRequests'>,
): Promise<readonly CorruptRequest[]> {
  const own = await corruptRequests.read(name);
  const given = await corruptRequests.findByRequestId(name);
  const all = [...(own === undefined ? [] : [own]), ...given.filter(({ id }) => id !== own?.id)];
  return all.toSorted((a, b) => Number(a.isClosed === true) - Number(b.isClosed === true) || a.at - b.at);
}
