/** Alarms about the queue table: whether it does what it is asked. */
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmRow } from './row.ts';

const noneWritten = {
  treatment: TreatMissingData.NOT_BREACHING,
  because: 'DynamoDB writes these figures when a call is refused: no value is none refused',
} as const;

/** How long a refused write is repeated at the least, in words; policy.ts has the sum. */
const repeated =
  'Nothing is lost: a result that is refused is written again until the lease of its delivery ends, which doubles nothing for 30 seconds at least; what was not begun waits, uncounted.';

export const tableRows = {
  tableThrottles: {
    heading: 'The queue table is throttled',
    urgency: 'ticket',
    threshold: { usual: 10, unit: 'calls', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ subject, transport, threshold, over }) =>
      `DynamoDB turned away ${threshold} calls or more to ${partOf(subject)} of the transport ${transport} within ${over}: it has no capacity for them. Mail is late.`,
    safety: () => repeated,
    act: ({ command }) => `see whether mail is late: ${command('status')}`,
    missing: noneWritten,
    query: 'errors',
  },
  tableErrors: {
    heading: 'The queue table fails',
    urgency: 'ticket',
    threshold: { usual: 5, unit: 'calls', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport, threshold, over }) =>
      `DynamoDB answered ${threshold} calls or more to the queue table of the transport ${transport} with a fault of its own within ${over}. Mail is late.`,
    safety: () => repeated,
    act: ({ command }) => `see whether mail is late: ${command('status')}`,
    missing: noneWritten,
    query: 'errors',
  },
} as const satisfies Readonly<Record<string, AlarmRow>>;

/** Throttles of an index are figures of their own. */
function partOf(subject: string): string {
  return subject === 'table' ? 'the queue table' : `the index ${subject} of the queue table`;
}
