/** Alarms about mail: what of it is lost or late. */
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { nothingHappened, unknownWithoutSweep } from './missing.ts';
import type { AlarmRow } from './row.ts';

const queueDepth = {
  treatment: TreatMissingData.NOT_BREACHING,
  because: 'SQS gives no figures of a queue that was empty and unused for hours; one with a message in it has them',
} as const;

export const mailRows = {
  nothingDelivered: {
    heading: 'Nothing is delivered though mail waits',
    urgency: 'page',
    threshold: { usual: 1, unit: 'deliveries that wait', least: 1, most: 1_000_000 },
    minutes: 10,
    meaning: ({ transport, over }) =>
      `All mail of the transport ${transport} is late: for ${over} mail has waited and no recipient was delivered to.`,
    safety: ({ lifetime }) =>
      `Nothing is lost: mail is kept and tried again by itself, for ${lifetime} from its arrival. Then it goes back to its sender.`,
    act: ({ command }) => `see what stands in the way, and for whom: ${command('status')}`,
    missing: {
      treatment: TreatMissingData.NOT_BREACHING,
      because: 'with neither mail nor a busy queue there are no values, and all is quiet',
    },
    query: 'top deferral reasons',
  },
  lateMail: {
    heading: 'Mail is late',
    urgency: 'ticket',
    threshold: { usual: 1, unit: 'hours', least: 0.1, most: 240 },
    minutes: 5,
    meaning: ({ transport, threshold }) =>
      `Some mail of the transport ${transport} is late: it has waited for more than ${hours(threshold)}.`,
    safety: ({ lifetime }) => `Nothing is lost: it is tried again by itself, for ${lifetime} from its arrival.`,
    act: ({ command }) =>
      `see whose it is and what the server says: ${command('queue --oldest')}\nBy destination: ${command('shape')}`,
    missing: unknownWithoutSweep,
    query: 'top deferral reasons',
  },
  veryLateMail: {
    heading: 'Mail is very late',
    urgency: 'page',
    threshold: { usual: 24, unit: 'hours', least: 0.1, most: 240 },
    minutes: 5,
    meaning: ({ transport, threshold }) =>
      `Some mail of the transport ${transport} is late: it has waited for more than ${hours(threshold)}.`,
    safety: ({ lifetime }) =>
      `Nothing is lost yet: it goes back to its sender when it is ${lifetime} old. To keep it for longer, hold it.`,
    act: ({ command }) =>
      `see whose it is and what the server says: ${command('queue --oldest')}\nBy destination: ${command('shape')}`,
    missing: unknownWithoutSweep,
    query: 'top deferral reasons',
  },
  expiring: {
    heading: 'Mail is about to be returned',
    urgency: 'page',
    threshold: { usual: 1, unit: 'deliveries', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport, lifetime }) =>
      `Mail of the transport ${transport} is very late: it is nearly ${lifetime} old, and goes back to its sender within six hours. It is the last chance to do something.`,
    safety: () => 'Mail that you hold is not returned: a hold gives you all the time you want.',
    act: ({ command, expiringHours }) =>
      `see it, oldest first: ${command('queue --oldest')}\nKeep it from being returned: ${command(`hold --older ${expiringHours}h --reason alarm`)}`,
    missing: unknownWithoutSweep,
    query: 'top deferral reasons',
  },
  corrupt: {
    heading: 'Corrupt requests',
    urgency: 'page',
    threshold: { usual: 1, unit: 'requests or deliveries', least: 1, most: 100_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `Requests or messages of the transport ${transport} cannot be used, and nobody tries them again by himself. Their recipients have nothing, their senders know of nothing.`,
    safety: () =>
      `Nothing is lost: request and reason are kept in the bucket and the table until a person sees to them.`,
    act: ({ command }) => `read which, and why: ${command('queue --state corrupt')}`,
    missing: unknownWithoutSweep,
    query: 'corrupt',
  },
  inDoubt: {
    heading: 'Recipients in doubt',
    urgency: 'ticket',
    threshold: { usual: 6, unit: 'recipients', least: 1, most: 1_000_000 },
    minutes: 15,
    meaning: ({ transport, threshold, over }) =>
      `Servers of the transport ${transport} broke off after they had a message and before they answered: ${threshold} recipients or more within ${over}. They may get it twice.`,
    safety: () => `Nothing is lost: each is tried again by itself, as often as in_doubt_limit allows.`,
    act: ({ command }) => `see who, and at which server: ${command('queue --in-doubt')}`,
    missing: nothingHappened,
    query: 'in doubt',
  },
  heldInDoubt: {
    heading: 'Held in doubt',
    urgency: 'ticket',
    threshold: { usual: 1, unit: 'deliveries', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `Deliveries of the transport ${transport} are held and not tried again: in_doubt_limit attempts ended without a confirmation of the server. Their mail is late, or was delivered, perhaps twice.`,
    safety: ({ lifetime }) =>
      `Nothing is lost: the message is kept. When it is ${lifetime} old, its sender is told that it may have been delivered.`,
    act: ({ command }) =>
      `see which: ${command('queue --in-doubt')}\nLook in the log of the server before anything else: ${command('explain ID')}`,
    missing: nothingHappened,
    query: 'in doubt',
  },
  stranded: {
    heading: 'Stranded deliveries',
    urgency: 'page',
    threshold: { usual: 1, unit: 'deliveries', least: 1, most: 1_000_000 },
    minutes: 5,
    meaning: ({ transport }) =>
      `Deliveries of the transport ${transport} took down the function that worked on them, again and again, or their items in the queue table are malformed. They are held, and late until a person releases them.`,
    safety: () => `Nothing is lost: held mail is kept without end.`,
    act: ({ command }) => `see which, and why: ${command('queue --state held')}`,
    missing: nothingHappened,
    query: 'errors',
  },
  deadLetters: {
    heading: 'Dead letters',
    urgency: 'page',
    threshold: { usual: 1, unit: 'messages', least: 1, most: 100_000 },
    minutes: 15,
    meaning: ({ subject }) =>
      `Messages of the queue ${subject} were given out too often and lie in its dead letters. ${deadLetterMeaning(subject)}`,
    safety: () => `Nothing is lost yet: they are kept for 14 days.`,
    act: ({ command }) => `see how many there are, and what else is wrong: ${command('status')}`,
    missing: queueDepth,
    query: 'errors',
  },
} as const satisfies Readonly<Record<string, AlarmRow>>;

/** Only incoming holds what is nowhere else. */
function deadLetterMeaning(queue: string): string {
  switch (queue) {
    case 'incoming':
      return 'Their mail is in no other place: it waits until a person moves them back.';
    case 'bounce':
      return 'Senders do not hear of bounces by report; the events were told on the topic.';
    default:
      return 'They are wake-ups: the mail is in the table, and is woken again, late.';
  }
}

function hours(count: number): string {
  return count === 1 ? 'an hour' : `${count} hours`;
}
