/**
 * Looks parked mail (`retry:`) up in the transport map again each time it falls due, as Postfix resolves every
 * recipient again. Without the entry it is delivered.
 */

import { formatHandedOn } from '../../incoming/handed-on.ts';
import { isParked, type OtherTransport, parseOtherTransport } from '../../request/route.ts';
import type { QueueServices } from '../destinations/services.ts';
import { type DeliveryItem, openRecipients } from '../items/item.ts';
import { pendingGrace } from '../items/policy.ts';
import { wallTime } from '../writes/services.ts';
import type { Acceptance } from './admit-request.ts';

/** Returns the item to deliver now; undefined if another process has moved it or another transport has it. */
export async function reroute(
  item: DeliveryItem,
  acceptance: () => Promise<Acceptance>,
  services: QueueServices,
): Promise<DeliveryItem | undefined> {
  if (!isParked(item.destination)) return item;
  const { transportMap, otherTransports } = await acceptance();
  const found = new Set(openRecipients(item).map(({ address }) => transportMap.find(address)));
  const [destination, ...others] = found;
  // Without an entry, or with several destinations for one delivery, it stays parked.
  if (destination === undefined || destination === item.destination || others.length > 0) return item;
  const { id, delivery } = item;
  services.log.note('info', 'the transport map sends it elsewhere now', { id, delivery, destination });
  const other = parseOtherTransport(destination);
  if (other !== undefined) {
    await handOn(item, destination, other, otherTransports, services);
    return undefined;
  }
  const moved = await services.ledger.move('reroute', item, { destination });
  return moved.kind === 'moved' ? moved.item : undefined;
}

/** Sends before it writes: the other transport recognises a duplicate. */
async function handOn(
  item: DeliveryItem,
  destination: string,
  { transport, nextHop }: OtherTransport,
  otherTransports: Acceptance['otherTransports'],
  services: QueueServices,
): Promise<void> {
  if (otherTransports === undefined) throw new Error(`no queue is configured for the transport ${transport}`);
  const { id, delivery, message } = item;
  const recipients = openRecipients(item);
  await otherTransports.send(transport, formatHandedOn({ id, delivery, request: item, recipients, message, nextHop }));
  const now = wallTime(services);
  const text = `handed on to the transport ${transport}`;
  const last = { status: 'sent', dsn: '2.0.0', text, at: now, attempt: item.attempt } as const;
  await services.ledger.move('handOn', item, {
    destination,
    recipients: item.recipients.map((recipient) =>
      recipients.includes(recipient) ? { ...recipient, last } : recipient,
    ),
    due: Object.keys(item.pending).length > 0 ? now + pendingGrace : null,
    unpublished: null,
  });
}
