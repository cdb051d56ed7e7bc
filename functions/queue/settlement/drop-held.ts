/**
 * Drops held mail whose hold says so (`atEnd`), when the hold has ended without a release. Its sender is not told,
 * because it may be forged; log and event say what was dropped.
 */

import { rejectEvents } from '../disposition/reject-event.ts';
import { droppingHold } from '../items/due.ts';
import { type DeliveryItem, isFinished, type LastVerdict, openRecipients } from '../items/item.ts';
import { pendingGrace } from '../items/policy.ts';
import { publish } from '../writes/publish.ts';
import { type Services, wallTime } from '../writes/services.ts';

/** Log message for it. */
export const droppedNote = 'dropped: its hold ended without a release';

/** Drops a held delivery if its hold says so and has ended. Returns whether it did. */
export async function dropHeld(item: DeliveryItem, services: Services): Promise<boolean> {
  const { ledger, log, parameters, transport } = services;
  const now = wallTime(services);
  const hold = droppingHold(item.holds ?? [], now);
  if (hold === undefined) return false;
  const { id, delivery, sender, attempt } = item;
  const text = `held since ${new Date(hold.since).toISOString()} and dropped: ${hold.reason}`;
  const last: LastVerdict = { status: 'removed', dsn: '5.7.1', text, at: now, attempt };
  const open = openRecipients(item);
  const events = rejectEvents(
    open.map((recipient) => ({ recipient, verdict: last })),
    { item, attempt, now, reportingMta: parameters.myhostname, transport },
  );
  // Logged before the write: no message would bring the line back if this process died in between.
  const recipients = open.map(({ address }) => address);
  log.note('warn', droppedNote, { id, delivery, sender, recipients, reason: hold.reason });
  const moved = await ledger.move('drop', item, {
    recipients: item.recipients.map((recipient) => (isFinished(recipient) ? recipient : { ...recipient, last })),
    pending: Object.fromEntries(events.map((event) => [event.lmtp.eventId, event])),
    due: now + pendingGrace,
    unpublished: null,
    holds: null,
  });
  if (moved.kind !== 'moved') {
    log.note('warn', 'the delivery moved on meanwhile: it was not dropped', { id, delivery });
    return false;
  }
  await publish(moved.item, services);
  return true;
}
