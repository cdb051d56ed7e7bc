/**
 * Counts deferred and bounced recipients by the subject of their enhanced status: a small fixed set of metrics.
 */

import type { MetricRow } from './row.ts';

/** Subjects by the second number of a status (RFC 3463 section 3): part of a metric's name, and its meaning. */
const subjects = {
  0: ['Other', 'for an unspecified reason'],
  1: ['Address', 'because of an address'],
  2: ['Mailbox', 'because of a mailbox'],
  3: ['System', "because of a mail system: the server's or this one"],
  4: ['Network', 'because of the network or a time-out'],
  5: ['Protocol', 'because of the protocol'],
  6: ['Content', 'because of the content'],
  7: ['Policy', 'by policy: TLS, AUTH, or rules of the server'],
} as const;

type Subject = (typeof subjects)[keyof typeof subjects][0];

/** Verdicts of recipients without a delivery. */
export type Failed = 'Deferred' | 'Bounced';

/** Name of a metric of a class: `DeferredMailbox`, `BouncedPolicy`. */
export type ClassMetric = `${Failed}${Subject}`;

const verbs: Readonly<Record<Failed, string>> = { Deferred: 'deferred', Bounced: 'given up on' };

/** A recipient refused at admission is bounced by qmgr. */
const writers: Readonly<Record<Failed, MetricRow['by']>> = {
  Deferred: 'lmtp and sweep',
  Bounced: 'qmgr, lmtp and sweep',
};

/** The metrics of all classes. */
export const classTable = Object.fromEntries(
  (['Deferred', 'Bounced'] as const).flatMap((failed) =>
    Object.values(subjects).map(([subject, reason]): [ClassMetric, MetricRow] => [
      `${failed}${subject}`,
      { unit: 'Count', about: `recipients ${verbs[failed]} ${reason}`, by: writers[failed], statistic: 'Sum' },
    ]),
  ),
) as Readonly<Record<ClassMetric, MetricRow>>;

/**
 * Returns the metric of a class.
 *
 * @param status enhanced status, `4.2.2`; a subject unknown to RFC 3463 counts as other
 */
export function classMetric(failed: Failed, status: string): ClassMetric {
  const number = status.split('.')[1] ?? '';
  return `${failed}${isSubject(number) ? subjects[number][0] : 'Other'}`;
}

function isSubject(number: string): number is `${keyof typeof subjects}` {
  return Object.hasOwn(subjects, number);
}
