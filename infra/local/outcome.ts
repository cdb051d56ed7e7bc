/**
 * The outcome of the messages submitted to a local stack, compared with the declared one.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import { contentAsFiled, withoutTopLines } from './samples/filed-content.ts';
import type { Expected } from './samples/samples.ts';

/** A submitted message. */
export interface Submission {
  /** Its queue id. */
  readonly name: string;
  readonly recipients: readonly string[];
  readonly content: Buffer;
  readonly expected: Expected;
}

/** A request that ended in the corrupt queue. */
export interface CorruptNotice {
  readonly id: string;
  readonly reason: string;
}

/** A bounce, as a consumer of the topic receives it. */
export interface BounceNotice {
  readonly id: string;
  readonly recipient: string;
  readonly status: string;
  readonly diagnostic: string;
}

/** A report that was queued for delivery. */
export interface ReportNotice {
  /** Queue id of the original message. */
  readonly id: string;
  /** Queue id of the report. */
  readonly report: string;
  readonly address: string;
}

/** All observations about all submissions. */
export interface Heard {
  readonly deliveries: readonly DeliveryLine[];
  readonly bounces: readonly BounceNotice[];
  readonly reports: readonly ReportNotice[];
  readonly corrupt: readonly CorruptNotice[];
}

/** The outcome of one submission. */
export interface Outcome {
  /** Recipients by final status; unfinished ones are `waiting`. */
  readonly recipients: Readonly<Record<'sent' | 'bounced' | 'waiting', readonly string[]>>;
  /** How many verdicts were "deferred". */
  readonly deferrals: number;
  /** Most attempts for one recipient. */
  readonly attempts: number;
  readonly corrupt: string | undefined;
  /** Recipients of reports on it. */
  readonly reportedTo: readonly string[];
  /** Whether its outcome is final. */
  readonly settled: boolean;
}

/** Returns the outcome of a submission. */
export function outcomeOf({ name, recipients, expected }: Submission, heard: Heard): Outcome {
  const records = heard.deliveries.filter(({ id }) => id === name);
  const ended = { sent: [] as string[], bounced: [] as string[], waiting: [] as string[] };
  for (const recipient of recipients) ended[fate(recipient, records)].push(recipient);
  const corrupt = heard.corrupt.find(({ id }) => id === name)?.reason;
  const told = ended.bounced.every((recipient) => isTold(name, recipient, heard));
  const reportedTo = reportsOf(name, heard);
  const isReported = 'corrupt' in expected || expected.reportTo === undefined || reportedTo.includes(expected.reportTo);
  return {
    recipients: ended,
    deferrals: records.filter(({ status }) => status === 'deferred').length,
    attempts: Math.max(0, ...recipients.map((recipient) => attemptsOf(recipient, records))),
    corrupt,
    reportedTo,
    settled:
      corrupt !== undefined || ('corrupt' in expected ? false : ended.waiting.length === 0 && told && isReported),
  };
}

/** Returns the differences from the declared outcome, in words. `missingMail` checks the mail itself. */
export function differences(submission: Submission, heard: Heard): readonly string[] {
  const { name, recipients, expected } = submission;
  const corrupt = heard.corrupt.find(({ id }) => id === name)?.reason;
  if ('corrupt' in expected) {
    if (corrupt === undefined) return ['should be corrupt and is not'];
    return corrupt.includes(expected.corrupt) ? [] : [`is corrupt for another reason than declared: ${corrupt}`];
  }
  if (corrupt !== undefined) return [`should be delivered and is corrupt: ${corrupt}`];
  const records = heard.deliveries.filter(({ id }) => id === name);
  const { reportTo } = expected;
  const reportedTo = reportsOf(name, heard);
  const unreported =
    reportTo === undefined || reportedTo.filter((address) => address === reportTo).length === 1
      ? []
      : [`${reportTo} should have one report and has ${reportedTo.length}`];
  const unlike = recipients.flatMap((recipient) => {
    const wanted = expected.verdicts[recipient];
    const status = fate(recipient, records);
    const attempts = attemptsOf(recipient, records);
    if (wanted === undefined) return [];
    if (status !== wanted.status) return [`${recipient}: should be ${wanted.status} and is ${status}`];
    if (attempts !== wanted.attempts)
      return [`${recipient}: should take ${wanted.attempts} attempts and took ${attempts}`];
    return status === 'bounced' && !isTold(name, recipient, heard) ? [`${recipient}: no bounce on the topic`] : [];
  });
  return [...unlike, ...unreported];
}

/**
 * Checks the mail store: each recipient that was sent must have exactly one copy, unchanged.
 *
 * @returns the faults, in words
 */
export async function missingMail(
  { content }: Submission,
  sentTo: readonly string[],
  maildirOf: (recipient: string) => string,
): Promise<readonly string[]> {
  const wanted = contentAsFiled(content);
  const findings = await Promise.all(
    sentTo.map(async (recipient) => {
      const folder = join(maildirOf(recipient), 'new');
      const names = await readdir(folder).catch(() => []);
      const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
      const copies = files.filter((file) => withoutTopLines(file).equals(wanted)).length;
      return copies === 1 ? [] : [`${recipient}: ${copies} copies in ${folder} are what was sent`];
    }),
  );
  return findings.flat();
}

/** Returns the bounces in a message of the bounce topic (JSON like that of Amazon SES). */
export function bouncesOf(message: unknown, submissions: readonly Submission[]): readonly BounceNotice[] {
  const { notificationType, bounce } = message as {
    notificationType?: string;
    bounce?: { bouncedRecipients?: { emailAddress: string; status?: string; diagnosticCode?: string }[] };
  };
  if (notificationType !== 'Bounce') return [];
  // The queue id may be in any field: no other value in the event equals the name of a submission.
  const strings = new Set<string>();
  JSON.stringify(message, (_, value) => {
    if (typeof value === 'string') strings.add(value);
    return value;
  });
  const id = submissions.find(({ name }) => strings.has(name))?.name ?? '';
  return (bounce?.bouncedRecipients ?? []).map(({ emailAddress, status = '', diagnosticCode = '' }) => ({
    id,
    recipient: emailAddress,
    status,
    diagnostic: diagnosticCode,
  }));
}

function fate(recipient: string, records: readonly DeliveryLine[]): 'sent' | 'bounced' | 'waiting' {
  const last = records.findLast((record) => record.recipient === recipient)?.status;
  if (last === 'expired') return 'bounced';
  return last === undefined || last === 'deferred' ? 'waiting' : last;
}

function attemptsOf(recipient: string, records: readonly DeliveryLine[]): number {
  return records.filter((record) => record.recipient === recipient).length;
}

/** The recipients of reports on a submission that were queued and delivered. */
function reportsOf(name: string, { reports, deliveries }: Heard): readonly string[] {
  const delivered = reports.filter(
    ({ id, report }) => id === name && deliveries.some((record) => record.id === report && record.status === 'sent'),
  );
  return delivered.map(({ address }) => address);
}

function isTold(name: string, recipient: string, { bounces }: Heard): boolean {
  return bounces.some((bounce) => bounce.id === name && bounce.recipient === recipient);
}
