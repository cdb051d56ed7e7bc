/**
 * How a step is told: fine, worth a look, or in the way of mail.
 */

import type { Agent } from '../delivery/agent.ts';
import { judgeOf } from '../delivery/judge.ts';
import { consequenceOf, type Trouble } from '../delivery/trouble.ts';
import { type About, advise, type Finding } from './advice.ts';
import type { Found, StepVerdict } from './report.ts';

/** All is well. */
export function ok(text: string): Found {
  return { result: 'ok', text };
}

/** Mail goes through, but somebody should look. */
export function warning(text: string, finding: Finding, about: About): Found {
  return { result: 'warning', text, finding, next: advise(finding, about) };
}

/** Mail does not go through; the trouble is that of the delivery agent. */
export function failed(
  text: string,
  finding: Finding,
  about: About,
  trouble: Trouble,
  parameters: Agent['parameters'],
): Found {
  return { result: 'failed', text, finding, next: advise(finding, about), verdict: verdictOf(trouble, parameters) };
}

/** What the agent would conclude if this were its last host. */
function verdictOf(trouble: Trouble, parameters: Agent['parameters']): StepVerdict {
  const circumstances = { isLastHost: true, softBounce: parameters.soft_bounce, judge: judgeOf(parameters) };
  const { outcome, status } = consequenceOf(trouble, circumstances);
  return { status: outcome === 'bounced' ? 'bounced' : 'deferred', dsn: status, text: trouble.text };
}
