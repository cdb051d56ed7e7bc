/** Alarms about the functions themselves: what keeps them from their work. */
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { nothingHappened } from './missing.ts';
import type { AlarmRow } from './row.ts';

const notCalled = {
  treatment: TreatMissingData.NOT_BREACHING,
  because: 'Lambda gives figures of a function that is called: no value is no call, and so no trouble',
} as const;

/** Functions that no mail waits for. */
const besideMail = ['bounce', 'check', 'showq', 'postsuper'] as const;

export const functionRows = {
  functionErrors: {
    heading: 'A function fails',
    urgency: 'page',
    ticketFor: besideMail,
    threshold: { usual: 1, unit: 'errors', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ subject, transport }) =>
      `The function ${subject} of the transport ${transport} broke off or ran out of its time. ${functionMeaning(subject)}`,
    safety: () =>
      'Nothing is lost: what it had in hand is given out again, and the table has all mail that was taken in.',
    act: ({ command }) => `see whether mail is late: ${command('status')}`,
    missing: notCalled,
    query: 'errors',
  },
  functionThrottles: {
    heading: 'A function is throttled',
    urgency: 'page',
    ticketFor: besideMail,
    threshold: { usual: 1, unit: 'calls', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ subject, transport }) =>
      `Lambda turned calls of the function ${subject} of the transport ${transport} away: the account has no concurrency left. ${functionMeaning(subject)}`,
    safety: () => 'Nothing is lost: the same is offered again by itself.',
    act: ({ command }) => `see whether mail is late: ${command('status')}`,
    missing: notCalled,
  },
  deadlineClamped: {
    heading: 'Our own time ends attempts',
    urgency: 'ticket',
    threshold: { usual: 5, unit: 'attempts', least: 1, most: 1_000_000 },
    minutes: 15,
    meaning: ({ transport, threshold, over }) =>
      `Mail servers of the transport ${transport} are so slow that the function's own time ended ${threshold} attempts or more within ${over}. That mail is late.`,
    safety: ({ lifetime }) => `Nothing is lost: it is tried again by itself, for ${lifetime} from its arrival.`,
    act: ({ command }) => `see who is slow: ${command('shape')}`,
    missing: nothingHappened,
    query: 'slowest',
  },
  sessionBudget: {
    heading: 'The budget of sessions is nearly used',
    urgency: 'ticket',
    threshold: { usual: 90, unit: 'percent', least: 1, most: 100 },
    minutes: 15,
    meaning: ({ transport, threshold, over }) =>
      `For ${over} the lmtp functions of the transport ${transport} took ${threshold} % or more of the sessions that its mail store has for them (of maximumConcurrency, where sessionBudget is not set). More mail at once waits for its turn, and is late.`,
    safety: () => 'Nothing is lost: mail waits in active for its turn.',
    act: ({ command }) => `see who holds them: ${command('shape')}`,
    missing: notCalled,
    query: 'slowest',
  },
  recursion: {
    heading: 'Lambda drops invocations as recursive',
    urgency: 'page',
    threshold: { usual: 1, unit: 'invocations', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ subject, transport }) =>
      `Lambda took the queue of the transport ${transport} for an endless loop and dropped what it had for the function ${subject}. Mail that was deferred often is late.`,
    safety: () => 'Nothing is lost: the sweep wakes again what was dropped.',
    act: ({ command }) => `see what is late: ${command('status')}`,
    missing: nothingHappened,
  },
  sweepStopped: {
    heading: 'The sweep does not run',
    urgency: 'page',
    threshold: { usual: 1, unit: 'runs', least: 1, most: 288, direction: 'below' },
    minutes: 15,
    meaning: ({ transport, over }) =>
      `The function sweep of the transport ${transport} did not run for ${over}. Mail that waits for more than a quarter of an hour is not woken, and what was lost on its way is not found: it is late. All other alarms about what waits are blind.`,
    safety: ({ lifetime }) => `Nothing is lost: all of it is in the table, for ${lifetime} from its arrival.`,
    act: ({ command }) => `try all that waits: ${command('flush --all --ramp 5m')}`,
    missing: {
      treatment: TreatMissingData.BREACHING,
      because: 'a function that is not called has no figures at all: that is just what this is about',
    },
    query: 'errors',
  },
} as const satisfies Readonly<Record<string, AlarmRow>>;

/** What of the mail's way it stands in. */
function functionMeaning(name: string): string {
  switch (name) {
    case 'qmgr':
      return 'New mail and mail whose turn has come again is late.';
    case 'lmtp':
      return 'Mail is late; recipients it was just sending to may be in doubt.';
    case 'sweep':
      return 'Mail that waits for long, and what was lost on its way, is late.';
    case 'bounce':
      return 'Mail is not late, but reports to senders are.';
    default:
      return 'No mail is late: it serves those who look after the queue.';
  }
}
