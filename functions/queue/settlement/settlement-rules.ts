/**
 * The parts of a settlement that all functions share.
 */

import { lineFormat } from '../../log/delivery-line.ts';
import type { SettlementFacts } from '../disposition/settlement.ts';
import { isFinalDelivery } from '../disposition/success-event.ts';
import { inDoubtLimit } from '../items/doubt.ts';
import type { Services } from '../writes/services.ts';

/** The facts of a settlement that come from parameters and chance. */
export type SettlementRules = Omit<SettlementFacts, 'item' | 'verdicts' | 'begun' | 'now'>;

/** Returns the rules of the next settlement. */
export function settlementRules({ parameters, transport, random }: Services): SettlementRules {
  return {
    times: parameters,
    reportingMta: parameters.myhostname,
    transport,
    isFinal: isFinalDelivery(parameters),
    format: lineFormat(parameters),
    inDoubtAction: parameters.in_doubt_action,
    inDoubtLimit: inDoubtLimit(parameters),
    chance: random(),
  };
}
