/**
 * Cases in which the server's words allow no other reading, so that a client must get it wrong. Each excuse
 * states the recipients that it covers, from the script alone. The table is checked from both sides: an
 * excuse that covers no finding fails.
 */
import type { VerdictStatus } from '../../../functions/delivery/verdict.ts';
import { type Finding, faults, judge } from './judge.ts';
import { acceptedOf, type Decision, decisionReply, isClosing, type Scenario } from './scenario.ts';

/** One reason for which findings are excused. */
export interface Excuse {
  readonly reason: string;
  /** The findings of a client that reads the server's words in the only possible way, by the recipient's index. */
  readonly findings: (scenario: Scenario, decisions: readonly Decision[]) => ReadonlyMap<number, Finding>;
}

/** All excuses. */
export const excuses: readonly Excuse[] = [
  {
    reason:
      'the server sends at most as many final replies as it accepted recipients, and closes: they are read in order (RFC 2033 section 5)',
    findings: (scenario, decisions) => {
      const { words, hasLeft } = wordsBehindDot(scenario, decisions);
      return hasLeft ? misreadings(scenario, decisions, words) : new Map();
    },
  },
  {
    reason: 'the server sends one final reply too few, and waits: the leading 2xx replies are read in order',
    findings: (scenario, decisions) => {
      const { words, hasLeft } = wordsBehindDot(scenario, decisions);
      if (hasLeft || words.length >= acceptedOf(decisions).length) return new Map();
      const end = words.findIndex((word) => statusOf(word) !== 'sent');
      return misreadings(scenario, decisions, end < 0 ? words : words.slice(0, end));
    },
  },
];

/** Returns the excuse for a finding, if there is one. */
export function excuseFor(
  scenario: Scenario,
  decisions: readonly Decision[],
  recipient: number,
  finding: Finding,
): Excuse | undefined {
  return excuses.find(({ findings }) => findings(scenario, decisions).get(recipient) === finding);
}

/** The errors of a client that takes the i-th of some replies for the i-th accepted recipient. */
function misreadings(
  { isNaming }: Scenario,
  decisions: readonly Decision[],
  words: readonly string[],
): ReadonlyMap<number, Finding> {
  const accepted = acceptedOf(decisions);
  // As many replies as recipients, or more: the client can continue and detect the fault.
  if (words.length > accepted.length) return new Map();
  const found = new Map<number, Finding>();
  for (const [nth, word] of words.entries()) {
    const index = accepted[nth];
    const status = statusOf(word);
    if (index === undefined || status === undefined) break;
    const decision = decisions[index] ?? 'F';
    // A reply that names another recipient is not trusted.
    if (isNaming === true && isReply(word) && word !== decisionReply[decision]) continue;
    const finding = judge({
      verdict: { status },
      fate: { kept: decision === 'K' ? 1 : 0, junk: 0, isRefused: decision === 'R', isUnanswered: false },
      decision,
      isInStep: false,
      isExact: false,
    });
    if (finding !== undefined && faults.some((fault) => fault === finding)) found.set(index, finding);
  }
  return found;
}

/** How a final reply is read; `undefined`: it proves nothing. */
function statusOf(word: string): VerdictStatus | undefined {
  const statuses: Readonly<Record<string, VerdictStatus>> = { 2: 'sent', 4: 'deferred', 5: 'bounced' };
  return isClosing(word) ? undefined : statuses[word.charAt(0)];
}

function isReply(word: string): boolean {
  return Object.values<string>(decisionReply).includes(word);
}

/** What the server sends after the dot, where only its final replies are out of step. */
function wordsBehindDot(
  { fault }: Scenario,
  decisions: readonly Decision[],
): { readonly words: readonly string[]; readonly hasLeft: boolean } {
  if (fault?.at.place !== 'final') return { words: [], hasLeft: false };
  const { at, slip, ending } = fault;
  const words: string[] = [];
  for (const [nth, index] of acceptedOf(decisions).entries()) {
    const reply = decisionReply[decisions[index] ?? 'F'];
    const isHere = nth === at.nth;
    if (isHere && (slip.kind === 'before' || slip.kind === 'instead')) words.push(slip.line);
    if (!isHere || (slip.kind !== 'instead' && slip.kind !== 'missing')) words.push(reply);
    if (isHere && slip.kind === 'twice') words.push(reply);
    if (isHere && slip.kind === 'behind') words.push(slip.line);
    if (isHere && ending?.when === 'at once') break;
  }
  const goodbye = words.findIndex((word) => word.startsWith('421'));
  if (goodbye >= 0) return { words: words.slice(0, goodbye), hasLeft: true };
  return { words, hasLeft: ending !== undefined && ending.what !== 'silence' };
}
