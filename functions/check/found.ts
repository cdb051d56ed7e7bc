/**
 * How a step is told: fine, worth a look, or in the way of mail.
 */

import { judgeOf } from '../delivery/judge.ts';
import { openingSwitches } from '../delivery/open.ts';
import { openingTrouble } from '../delivery/opening-trouble.ts';
import { consequenceOf, interruptionTrouble, type Trouble } from '../delivery/trouble.ts';
import type { Interrupted } from '../lmtp/dialogue.ts';
import type { OpeningFault } from '../lmtp/opening.ts';
import { type About, advise, type Finding } from './advice.ts';
import type { Found, StepVerdict } from './report.ts';
import type { Telling } from './telling.ts';

/** All is well. */
export function ok(text: string): Found {
  return { result: 'ok', text };
}

/** Mail goes through, but somebody should look. */
export function warning(text: string, finding: Finding, about: About): Found {
  return { result: 'warning', text, finding, next: advise(finding, about) };
}

/** What a failure is told with. */
type Circumstances = Pick<Telling, 'about' | 'parameters'>;

/** Mail does not go through; the trouble is that of the delivery agent. */
export function failed(text: string, finding: Finding, trouble: Trouble, { about, parameters }: Circumstances): Found {
  return { result: 'failed', text, finding, next: advise(finding, about), verdict: verdictOf(trouble, parameters) };
}

/** The connection broke, or a time was up. `finding`: where the reason alone does not tell it. */
export function brokenOff(
  interrupted: Interrupted,
  telling: Telling,
  finding = findingOfInterruption(interrupted),
): Found {
  const trouble = interruptionTrouble(interrupted, telling.peer);
  return failed(trouble.text, finding, trouble, telling);
}

/** The delivery agent's trouble with an opening. */
export function troubleOf(fault: OpeningFault, { peer, parameters }: Telling): Trouble {
  return openingTrouble(fault, peer, openingSwitches(parameters));
}

/** Why a conversation that broke off did so. */
export function findingOfInterruption({ reason }: Interrupted): Finding {
  switch (reason) {
    case 'timeout':
      return 'too slow';
    case 'deadline':
      return 'out of time';
    case 'lost':
    case 'flood':
    case 'body':
    case 'claim':
      return 'out of step';
    default:
      return reason satisfies never;
  }
}

/** What the agent would conclude if this were its last host. */
function verdictOf(trouble: Trouble, parameters: Telling['parameters']): StepVerdict {
  const circumstances = { isLastHost: true, softBounce: parameters.soft_bounce, judge: judgeOf(parameters) };
  const { outcome, status } = consequenceOf(trouble, circumstances);
  return { status: outcome === 'bounced' ? 'bounced' : 'deferred', dsn: status, text: trouble.text };
}
