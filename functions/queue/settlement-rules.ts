/**
 * What every settlement of a function has in common.
 */

import { lineFormat } from '../disposition/delivery-line.ts';
import type { SettlementFacts } from '../disposition/settlement.ts';
import { isFinalDelivery } from '../disposition/success-event.ts';
import type { Services } from './services.ts';

/** The facts of a settlement that the parameters decide. */
export function settlementRules({
  parameters,
  transport,
}: Services): Pick<SettlementFacts, 'times' | 'reportingMta' | 'transport' | 'isFinal' | 'format'> {
  return {
    times: parameters,
    reportingMta: parameters.myhostname,
    transport,
    isFinal: isFinalDelivery(parameters),
    format: lineFormat(parameters),
  };
}
