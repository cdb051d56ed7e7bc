import assert from 'node:assert/strict';
import type { BounceEvent, QueueEvent } from '../../functions/queue/items/event.ts';

/** The bounce in an event, which must be one. */
export function bounceOf(event: QueueEvent | undefined): BounceEvent['bounce'] {
  assert.equal(event?.notificationType, 'Bounce');
  return event.bounce;
}
