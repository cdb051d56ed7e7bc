/** Judges a client from outside: compares what it reports with what the server decided. */
import type { Verdict } from '../../../functions/delivery/verdict.ts';
import type { Decision } from './scenario.ts';
import type { Fate } from './server.ts';

/** The judgement of the verdict on one recipient. */
export type Finding =
  /** Reported sent, and not stored. */
  | 'lost'
  /** Reported bounced, and stored, or never refused permanently. */
  | 'bounced wrongly'
  /** Stored, and retried although the verdict names no doubt; or stored twice. */
  | 'doubled unnamed'
  /** Something that is not the message was stored. */
  | 'junk'
  /** Every reply was in its place, and the client doubts nevertheless. */
  | 'doubted needlessly'
  /** The client can know what the server decided, and reports something else. */
  | 'untrue'
  /** The client says that it does not know whether the mail was stored. Not a fault. */
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

/** The facts about one recipient of one message. */
export interface Case {
  readonly verdict: Pick<Verdict, 'status' | 'inDoubt'>;
  readonly fate: Fate;
  readonly decision: Decision;
  /** Every line that the server sent during this message was in its place. */
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
