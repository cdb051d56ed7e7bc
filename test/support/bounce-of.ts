import assert from 'node:assert/strict';
import type { BounceEvent, QueueEvent } from '../../functions/queue/items/event.ts';

/** Returns the bounce of an event; fails if it is another kind. */
export function bounceOf(event: QueueEvent | undefined): BounceEvent['bounce'] {
  assert.equal(event?.notificationType, 'Bounce');
  return event.bounce;
}
