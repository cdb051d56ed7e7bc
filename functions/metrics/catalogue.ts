/**
 * The catalogue of metrics, by their names in CloudWatch: meaning, unit, and the functions that write them.
 *
 * The functions and the construct in `infra/` both import the names from here. Dimensions are the transport and, for
 * some metrics, a configured destination. A recipient, queue id or host is never a dimension, because each value would
 * be a metric of its own.
 */

import { classTable } from './classes.ts';
import type { MetricRow } from './row.ts';

export type { MetricRow } from './row.ts';

/** The metrics. */
export const metricTable = {
  // Admission and verdicts, counted in recipients.
  Arrived: { unit: 'Count', about: 'recipients admitted', by: 'qmgr', statistic: 'Sum' },
  Corrupt: {
    unit: 'Count',
    about: 'requests and deliveries that became corrupt',
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

  // Times (Postfix delays=a/b/c/d), one value for each sent recipient.
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
    about: 'servers not found or not reachable, or without a good greeting',
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
  CertificateDays: {
    unit: 'Count',
    about: 'days until the first certificate expires',
    by: 'lmtp',
    statistic: 'Minimum',
  },
  SecretFaults: { unit: 'Count', about: 'secrets that could not be read or understood', by: 'lmtp', statistic: 'Sum' },
  DeadlineClamped: {
    unit: 'Count',
    about: 'attempts ended by the deadline of the invocation',
    by: 'lmtp',
    statistic: 'Sum',
  },

  // The queue as the sweep finds it in the table.
  Waiting: {
    unit: 'Count',
    about: 'deliveries that wait: queued, active, delivering, deferred',
    by: 'sweep',
    statistic: 'Maximum',
  },
  WaitingForMailbox: {
    unit: 'Count',
    about: 'deliveries that wait only for a full or disabled mailbox',
    by: 'sweep',
    statistic: 'Maximum',
  },
  Held: { unit: 'Count', about: 'deliveries that are held', by: 'sweep', statistic: 'Maximum' },
  CorruptWaiting: {
    unit: 'Count',
    about: 'corrupt requests and deliveries that wait for an operator',
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
