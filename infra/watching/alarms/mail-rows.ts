/** Alarms about lost and late mail. */
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { type AlarmRow, nothingHappened, unknownWithoutSweep } from './row.ts';

const queueDepth = {
  treatment: TreatMissingData.NOT_BREACHING,
  because: 'SQS writes no metrics of a queue that was empty and unused for hours, but it does of a queue with messages',
} as const;

export const mailRows = {
  nothingDelivered: {
    heading: 'Nothing is delivered though mail waits',
    urgency: 'page',
    threshold: { usual: 1, unit: 'deliveries that wait', least: 1, most: 1_000_000 },
    minutes: 10,
    meaning: ({ transport, over }) =>
      `All mail of the transport ${transport} is late: for ${over} mail has waited, and no recipient was delivered to.`,
    safety: ({ lifetime }) =>
      `No mail is lost: it is kept and retried automatically for ${lifetime} after its arrival. Then it is returned to its sender.`,
    act: ({ command }) => `see what prevents delivery, and for which destinations: ${command('status')}`,
    missing: {
      treatment: TreatMissingData.NOT_BREACHING,
      because: 'without mail and without messages in the queue there are no values',
    },
    query: 'top deferral reasons',
  },
  lateMail: {
    heading: 'Mail is late',
    urgency: 'ticket',
    threshold: { usual: 1, unit: 'hours', least: 0.1, most: 240 },
    minutes: 5,
    meaning: ({ transport, threshold }) =>
      `Some mail of the transport ${transport} is late: it has waited for more than ${hours(threshold)}. Often the cause is one full mailbox.`,
    safety: ({ lifetime }) => `No mail is lost: it is retried automatically for ${lifetime} after its arrival.`,
    act: ({ command }) =>
      `see the oldest mail and the server's reply: ${command('queue --oldest')}\nBy destination: ${command('shape')}`,
    missing: unknownWithoutSweep,
    query: 'top deferral reasons',
  },
  veryLateMail: {
    heading: 'Mail is very late',
    urgency: 'page',
    threshold: { usual: 24, unit: 'hours', least: 0.1, most: 240 },
    minutes: 5,
    meaning: ({ transport, threshold }) =>
      `Some mail of the transport ${transport} is very late: it has waited for more than ${hours(threshold)}. It will be returned to its sender unless its server accepts it in time.`,
    safety: ({ lifetime }) =>
      `No mail is lost yet: it is returned to its sender ${lifetime} after its arrival. Held mail is kept longer.`,
    act: ({ command }) =>
      `find out whether the server will be back in time: ${command('queue --oldest')}\nIf not, hold the mail: ${command('hold --older 1d --reason alarm')}`,
    missing: unknownWithoutSweep,
    query: 'top deferral reasons',
  },
  expiring: {
    heading: 'Mail is about to be returned',
    urgency: 'page',
    threshold: { usual: 1, unit: 'deliveries', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport, lifetime }) =>
      `Mail of the transport ${transport} is very late: it is nearly ${lifetime} old and will be returned to its sender within six hours. This is the last chance to act.`,
    safety: () => 'Held mail is not returned, however long you hold it.',
    act: ({ command, expiringHours }) =>
      `see the oldest mail: ${command('queue --oldest')}\nHold it, so that it is not returned: ${command(`hold --older ${expiringHours}h --reason alarm`)}`,
    missing: unknownWithoutSweep,
    query: 'top deferral reasons',
  },
  corrupt: {
    heading: 'Corrupt requests',
    urgency: 'page',
    threshold: { usual: 1, unit: 'requests or deliveries', least: 1, most: 100_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `Requests or messages of the transport ${transport} are corrupt, and are not retried automatically. Their mail is late, and its senders receive no report.`,
    safety: () => `No mail is lost: the bucket and the table keep request and reason until an operator acts.`,
    act: ({ command }) => `see them with their reasons: ${command('queue --state corrupt')}`,
    missing: unknownWithoutSweep,
    query: 'corrupt',
  },
  inDoubt: {
    heading: 'Recipients in doubt',
    urgency: 'ticket',
    threshold: { usual: 6, unit: 'recipients', least: 1, most: 1_000_000 },
    minutes: 15,
    meaning: ({ transport, threshold, over }) =>
      `Servers of the transport ${transport} dropped connections after the final dot and before they replied: ${threshold} recipients or more within ${over} are in doubt. They may receive a message twice.`,
    safety: () => `No mail is lost: each recipient is retried automatically until in_doubt_limit.`,
    act: ({ command }) => `see the recipients and their servers: ${command('queue --in-doubt')}`,
    missing: nothingHappened,
    query: 'in doubt',
  },
  heldInDoubt: {
    heading: 'Held in doubt',
    urgency: 'ticket',
    threshold: { usual: 1, unit: 'deliveries', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `Deliveries of the transport ${transport} are held and not retried: in_doubt_limit attempts ended without a reply of the server. Their mail is late, or was delivered, perhaps twice.`,
    safety: ({ lifetime }) =>
      `No mail is lost: the message is kept. When it is ${lifetime} old, its sender receives a report that it may have been delivered.`,
    act: ({ command }) =>
      `see the deliveries: ${command('queue --in-doubt')}\nThen look in the log of the server: ${command('explain ID')}`,
    missing: nothingHappened,
    query: 'in doubt',
  },
  stranded: {
    heading: 'Stranded deliveries',
    urgency: 'page',
    threshold: { usual: 1, unit: 'deliveries', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `Deliveries of the transport ${transport} crashed their function repeatedly, or their items in the queue table are malformed. They are held, and late until an operator releases them.`,
    safety: () => `No mail is lost: held mail is kept without a time limit.`,
    act: ({ command }) => `see the deliveries and their reasons: ${command('queue --state held')}`,
    missing: nothingHappened,
    query: 'errors',
  },
  deadLetters: {
    heading: 'Dead letters',
    urgency: 'page',
    threshold: { usual: 1, unit: 'messages', least: 1, most: 100_000 },
    minutes: 15,
    meaning: ({ subject }) =>
      `Messages of the queue ${subject} were received too often and are in its dead-letter queue. ${deadLetterMeaning(subject)}`,
    safety: () => `No mail is lost yet: SQS keeps them for 14 days.`,
    act: ({ command }) => `see their number, and what else is wrong: ${command('status')}`,
    missing: queueDepth,
    query: 'errors',
  },
} as const satisfies Readonly<Record<string, AlarmRow>>;

/** What dead letters of a queue mean for the mail. Only those of incoming are stored nowhere else. */
function deadLetterMeaning(queue: string): string {
  switch (queue) {
    case 'incoming':
      return 'Their mail is stored nowhere else: it waits until an operator moves them back.';
    case 'bounce':
      return 'Senders do not receive the reports; the events were published on the topic.';
    default:
      return 'They are wake-ups: the mail is in the table, and late until the sweep wakes it.';
  }
}

function hours(count: number): string {
  return count === 1 ? 'an hour' : `${count} hours`;
}
