/**
 * Every metric that the functions give, by its name in CloudWatch: what it counts, in which unit, and who gives it.
 *
 * The functions write them, the construct in `infra/` draws and watches them: both import the names from here. Dimensions are
 * the transport, and for some the destination where it is one of those the stack was configured with; never a recipient, a
 * queue id or a host, each of which would be a metric of its own.
 */

import { classTable } from './classes.ts';
import type { MetricRow } from './row.ts';

export type { MetricRow } from './row.ts';

/** The metrics. */
export const metricTable = {
  // What came in, and what became of it; recipients.
  Arrived: { unit: 'Count', about: 'recipients taken in', by: 'qmgr', statistic: 'Sum' },
  Corrupt: {
    unit: 'Count',
    about: 'requests and deliveries that cannot be used',
    by: 'qmgr and lmtp',
    statistic: 'Sum',
  },
  Attempts: { unit: 'Count', about: 'attempts to deliver', by: 'lmtp', statistic: 'Sum', perDestination: true },
  Sent: {
    unit: 'Count',
    about: 'recipients delivered to',
    by: 'lmtp and sweep',
    statistic: 'Sum',
    perDestination: true,
  },
  Deferred: {
    unit: 'Count',
    about: 'recipients to be tried again',
    by: 'lmtp and sweep',
    statistic: 'Sum',
    perDestination: true,
  },
  Bounced: {
    unit: 'Count',
    about: 'recipients given up on: bounced or expired',
    by: 'qmgr, lmtp and sweep',
    statistic: 'Sum',
    perDestination: true,
  },
  InDoubt: {
    unit: 'Count',
    about: 'recipients in doubt: the message may be delivered to them more than once',
    by: 'lmtp and sweep',
    statistic: 'Sum',
    perDestination: true,
  },
  // The same by the subject of their enhanced status: DeferredMailbox, BouncedPolicy.
  ...classTable,

  // Times (Postfix delays=a/b/c/d), one value for each recipient that was sent to.
  DelayBeforeActive: { unit: 'Seconds', about: 'before active (a)', by: 'lmtp and sweep', statistic: 'p99' },
  DelayInActive: { unit: 'Seconds', about: 'in active (b)', by: 'lmtp and sweep', statistic: 'p99' },
  DelaySetUp: { unit: 'Seconds', about: 'setting the session up (c)', by: 'lmtp and sweep', statistic: 'p99' },
  DelayTransfer: { unit: 'Seconds', about: 'transferring (d)', by: 'lmtp and sweep', statistic: 'p99' },
  Delay: {
    unit: 'Seconds',
    about: 'from arrival to delivery',
    by: 'lmtp and sweep',
    statistic: 'p99',
    perDestination: true,
  },
  Bytes: { unit: 'Bytes', about: 'octets of content sent', by: 'lmtp', statistic: 'Sum' },

  // Sessions.
  SessionsOpened: { unit: 'Count', about: 'sessions opened', by: 'lmtp', statistic: 'Sum', perDestination: true },
  SessionsReused: { unit: 'Count', about: 'sessions used again', by: 'lmtp', statistic: 'Sum', perDestination: true },
  SessionsStale: { unit: 'Count', about: 'cached sessions found dead', by: 'lmtp', statistic: 'Sum' },
  OutOfStep: {
    unit: 'Count',
    about: 'sessions whose replies were out of step: a line too many, too few, or out of place',
    by: 'lmtp',
    statistic: 'Sum',
    perDestination: true,
  },
  ConnectFailures: {
    unit: 'Count',
    about: 'servers that could not be found or connected to, or that greeted us badly',
    by: 'lmtp',
    statistic: 'Sum',
    perDestination: true,
  },
  TlsFailures: {
    unit: 'Count',
    about: 'sessions without the required TLS',
    by: 'lmtp',
    statistic: 'Sum',
    perDestination: true,
  },
  AuthFailures: {
    unit: 'Count',
    about: 'passwords refused, or AUTH not offered',
    by: 'lmtp',
    statistic: 'Sum',
    perDestination: true,
  },
  CertificateDays: { unit: 'Count', about: 'days until the first certificate ends', by: 'lmtp', statistic: 'Minimum' },
  SecretFaults: { unit: 'Count', about: 'secrets that could not be read or understood', by: 'lmtp', statistic: 'Sum' },
  DeadlineClamped: { unit: 'Count', about: 'attempts that our own time ended', by: 'lmtp', statistic: 'Sum' },

  // The queue, as the sweep finds it in the table.
  Waiting: {
    unit: 'Count',
    about: 'deliveries that wait: queued, active, delivering, deferred',
    by: 'sweep',
    statistic: 'Maximum',
  },
  WaitingForMailbox: {
    unit: 'Count',
    about: 'deliveries that wait for a full or closed mailbox alone',
    by: 'sweep',
    statistic: 'Maximum',
  },
  Held: { unit: 'Count', about: 'deliveries that are held', by: 'sweep', statistic: 'Maximum' },
  CorruptWaiting: {
    unit: 'Count',
    about: 'requests and deliveries that cannot be used and wait for a person',
    by: 'sweep',
    statistic: 'Maximum',
  },
  OldestDeferred: {
    unit: 'Seconds',
    about: 'age of the oldest delivery that waits',
    by: 'sweep',
    statistic: 'Maximum',
    perDestination: true,
  },
  ExpiringSoon: {
    unit: 'Count',
    about: 'deliveries returned to their senders within six hours',
    by: 'sweep',
    statistic: 'Maximum',
  },
  DestinationsDead: {
    unit: 'Count',
    about: 'suspended destinations that mail waits for',
    by: 'sweep',
    statistic: 'Maximum',
  },
  Stranded: {
    unit: 'Count',
    about: 'deliveries held because no function could handle them, or because their items are malformed',
    by: 'qmgr, lmtp and sweep',
    statistic: 'Sum',
  },
  HeldInDoubt: {
    unit: 'Count',
    about: 'deliveries held because all remaining recipients are at in_doubt_limit',
    by: 'lmtp and sweep',
    statistic: 'Sum',
  },

  ColdStarts: { unit: 'Count', about: 'containers started', by: 'qmgr, lmtp, sweep and bounce', statistic: 'Sum' },
} as const satisfies Readonly<Record<string, MetricRow>>;

/** Name of a metric of the table. */
export type MetricName = keyof typeof metricTable;

/** Names of the dimensions. */
export const dimensions = { transport: 'transport', destination: 'destination' } as const;

/** Most destinations that have metrics of their own. */
export const mostDestinations = 20;
