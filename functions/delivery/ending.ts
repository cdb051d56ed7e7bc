/**
 * Mail that is not delivered because the transport map says so: what Postfix's error(8), retry(8) and discard(8) conclude.
 */

import type { Parameters } from '../parameters.ts';
import { withClass } from '../smtp/enhanced-status.ts';
import type { DeliveryOutcome } from './deliver.ts';
import type { Delivery } from './delivery.ts';
import type { Ending } from './route.ts';
import type { Verdict } from './verdict.ts';

/** Concludes at once; nobody is connected to, and no destination is to be blamed. */
export function endDelivery(
  { recipients }: Pick<Delivery, 'recipients'>,
  ending: Ending,
  parameters: Pick<Parameters, 'soft_bounce'>,
): DeliveryOutcome {
  const verdict = verdictOf(ending, parameters.soft_bounce);
  return { verdicts: recipients.map(() => verdict) };
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
      // Whoever asked to be told of success is told, as discard(8) tells him.
      return { status: 'sent', dsn: '2.0.0', text, relayed: true, ...times };
    default:
      return ending satisfies never;
  }
}
