/** Alarms about the functions. */
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { type AlarmRow, nothingHappened } from './row.ts';

const notCalled = {
  treatment: TreatMissingData.NOT_BREACHING,
  because: 'Lambda writes this metric when it invokes the function: no value means no invocation, and so no error',
} as const;

/** Functions on which no delivery depends. */
const besideMail = ['bounce', 'check', 'showq', 'postsuper'] as const;

export const functionRows = {
  functionErrors: {
    heading: 'A function fails',
    urgency: 'page',
    ticketFor: besideMail,
    threshold: { usual: 1, unit: 'errors', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ subject, transport }) =>
      `The function ${subject} of the transport ${transport} failed or timed out. ${functionMeaning(subject)}`,
    safety: () => 'No mail is lost: its messages are received again, and all accepted mail is in the table.',
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
      `Lambda rejected invocations of the function ${subject} of the transport ${transport}: the account has no concurrency left. ${functionMeaning(subject)}`,
    safety: () => 'No mail is lost: the invocations are repeated automatically.',
    act: ({ command }) => `see whether mail is late: ${command('status')}`,
    missing: notCalled,
  },
  deadlineClamped: {
    heading: 'The function time-out ends attempts',
    urgency: 'ticket',
    threshold: { usual: 5, unit: 'attempts', least: 1, most: 1_000_000 },
    minutes: 15,
    meaning: ({ transport, threshold, over }) =>
      `Mail servers of the transport ${transport} are so slow that the function time-out ended ${threshold} attempts or more within ${over}. That mail is late.`,
    safety: ({ lifetime }) => `No mail is lost: it is retried automatically for ${lifetime} after its arrival.`,
    act: ({ command }) => `see which destination is slow: ${command('shape')}`,
    missing: nothingHappened,
    query: 'slowest',
  },
  sessionBudget: {
    heading: 'The budget of sessions is nearly used',
    urgency: 'ticket',
    threshold: { usual: 90, unit: 'percent', least: 1, most: 100 },
    minutes: 15,
    meaning: ({ transport, threshold, over }) =>
      `For ${over} the lmtp functions of the transport ${transport} used ${threshold} % or more of the sessions that its mail store allows (of maximumConcurrency, if sessionBudget is not set). Further mail waits, and is late.`,
    safety: () => 'No mail is lost: it waits in active.',
    act: ({ command }) => `see which destination uses them: ${command('shape')}`,
    missing: notCalled,
    query: 'slowest',
  },
  recursion: {
    heading: 'Lambda drops invocations as recursive',
    urgency: 'page',
    threshold: { usual: 1, unit: 'invocations', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ subject, transport }) =>
      `Lambda took the queue of the transport ${transport} for an endless loop and dropped invocations of the function ${subject}. Mail that was deferred often is late.`,
    safety: () => 'No mail is lost: the sweep wakes the dropped mail again.',
    act: ({ command }) => `see which mail is late: ${command('status')}`,
    missing: nothingHappened,
  },
  sweepStopped: {
    heading: 'The sweep does not run',
    urgency: 'page',
    threshold: { usual: 1, unit: 'runs', least: 1, most: 288, direction: 'below' },
    minutes: 15,
    meaning: ({ transport, over }) =>
      `The function sweep of the transport ${transport} did not run for ${over}. It does not wake mail that waits for more than 15 minutes, or mail with lost wake-ups: that mail is late. All other alarms about waiting mail are blind.`,
    safety: ({ lifetime }) => `No mail is lost: it is in the table for ${lifetime} after its arrival.`,
    act: ({ command }) => `try all waiting mail: ${command('flush --all --ramp 5m')}`,
    missing: {
      treatment: TreatMissingData.BREACHING,
      because: 'a function that is not invoked has no values: that is the condition of this alarm',
    },
    query: 'errors',
  },
} as const satisfies Readonly<Record<string, AlarmRow>>;

/** The effect on mail when a function fails. */
function functionMeaning(name: string): string {
  switch (name) {
    case 'qmgr':
      return 'New mail and mail due for a retry is late.';
    case 'lmtp':
      return 'Mail is late; recipients to which it was sending may be in doubt.';
    case 'sweep':
      return 'Mail that waits for more than 15 minutes, or whose wake-up was lost, is late.';
    case 'bounce':
      return 'Reports to senders are late; other mail is not.';
    default:
      return 'No mail is late: only operators use this function.';
  }
}
