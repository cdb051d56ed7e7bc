/**
 * Verdicts on mail that the transport map does not deliver, as from Postfix's error(8), retry(8) and discard(8).
 */

import type { Parameters } from '../parameters/parameters.ts';
import type { Delivery } from '../request/delivery.ts';
import type { Ending } from '../request/route.ts';
import { withClass } from '../smtp/enhanced-status.ts';
import type { Verdict } from './verdict.ts';

/** Returns the verdict of each recipient, without a connection and without blame for a destination. */
export function endDelivery(
  { recipients }: Pick<Delivery, 'recipients'>,
  ending: Ending,
  parameters: Pick<Parameters, 'soft_bounce'>,
): readonly Verdict[] {
  const verdict = verdictOf(ending, parameters.soft_bounce);
  return recipients.map(() => verdict);
}

function verdictOf(ending: Ending, softBounce: boolean): Verdict {
  const { text } = ending;
  const times = { setUp: 0, transfer: 0 };
  switch (ending.kind) {
    case 'error':
      return softBounce
        ? { status: 'deferred', dsn: withClass(ending.status, 4), text, ...times }
        : { status: 'bounced', dsn: ending.status, text, ...times };
    case 'retry':
      return { status: 'deferred', dsn: ending.status, text, ...times };
    case 'discard':
      // Success is reported on request, as by discard(8).
      return { status: 'sent', dsn: '2.0.0', text, relayed: true, ...times };
    default:
      return ending satisfies never;
  }
}
