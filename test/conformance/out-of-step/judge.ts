/**
 * Judges a client from outside: what it reports, beside what the server truly decided.
 */
import type { Verdict } from '../../../functions/delivery/verdict.ts';
import type { Decision } from './scenario.ts';
import type { Fate } from './server.ts';

/** What a judge finds in the verdict on one recipient. */
export type Finding =
  /** Reported sent, and not kept. */
  | 'lost'
  /** Reported bounced, and kept, or never refused for good. */
  | 'bounced wrongly'
  /** Kept, and to be sent again although the verdict names no doubt; or kept twice. */
  | 'doubled unnamed'
  /** Something that is not the message was stored. */
  | 'junk'
  /** Every reply was in its place, and the client doubts all the same. */
  | 'doubted needlessly'
  /** The client can know what the server decided, and reports something else. */
  | 'untrue'
  /** The client says that it does not know whether the mail was kept. Not a fault. */
  | 'in doubt';

/** Findings that no scenario may have. */
export const faults = [
  'lost',
  'bounced wrongly',
  'doubled unnamed',
  'junk',
  'doubted needlessly',
  'untrue',
] as const satisfies readonly Finding[];

/** What is known of one recipient of one message. */
export interface Case {
  readonly verdict: Pick<Verdict, 'status' | 'inDoubt'>;
  readonly fate: Fate;
  readonly decision: Decision;
  /** Every line that the server said during this message was in its place. */
  readonly isInStep: boolean;
  /** The verdict must be what the server decided. */
  readonly isExact: boolean;
}

/** Judges one verdict; `undefined`: it is right, or at least harmless. */
export function judge({ verdict, fate, decision, isInStep, isExact }: Case): Finding | undefined {
  if (fate.junk > 0) return 'junk';
  if (fate.kept > 1) return 'doubled unnamed';
  if (verdict.status === 'sent' && fate.kept === 0) return 'lost';
  if (verdict.status === 'bounced' && (fate.kept > 0 || !fate.isRefused)) return 'bounced wrongly';
  if (verdict.status === 'deferred' && verdict.inDoubt !== true && fate.kept > 0) return 'doubled unnamed';
  if (verdict.inDoubt === true) return isInStep && !fate.isUnanswered ? 'doubted needlessly' : 'in doubt';
  return isExact && verdict.status !== trueStatus[decision] ? 'untrue' : undefined;
}

const trueStatus = {
  K: 'sent',
  R: 'bounced',
  F: 'deferred',
  r: 'bounced',
  f: 'deferred',
} as const satisfies Record<Decision, Verdict['status']>;
