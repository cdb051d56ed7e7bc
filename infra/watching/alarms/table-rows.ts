/** Alarms about the queue table. */
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmRow } from './row.ts';

const noneWritten = {
  treatment: TreatMissingData.NOT_BREACHING,
  because: 'DynamoDB writes these metrics when it rejects a call: no value means no rejected call',
} as const;

/** How long a rejected write is repeated; policy.ts has the sum. */
const repeated =
  'No mail is lost: a rejected result is written again until the lease of its delivery ends, so throttling of less than 30 seconds delivers no mail twice. Other mail waits without a counted attempt.';

export const tableRows = {
  tableThrottles: {
    heading: 'The queue table is throttled',
    urgency: 'ticket',
    threshold: { usual: 10, unit: 'calls', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ subject, transport, threshold, over }) =>
      `DynamoDB throttled ${threshold} calls or more to ${partOf(subject)} of the transport ${transport} within ${over}, for lack of capacity. Mail is late.`,
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
      `DynamoDB answered ${threshold} calls or more to the queue table of the transport ${transport} with internal errors within ${over}. Mail is late.`,
    safety: () => repeated,
    act: ({ command }) => `see whether mail is late: ${command('status')}`,
    missing: noneWritten,
    query: 'errors',
  },
} as const satisfies Readonly<Record<string, AlarmRow>>;

/** The name of the table or index in the text. */
function partOf(subject: string): string {
  return subject === 'table' ? 'the queue table' : `the index ${subject} of the queue table`;
}
