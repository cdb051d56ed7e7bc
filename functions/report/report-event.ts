/**
 * From an event to the mails of its report.
 *
 *   store the event ─► is its report complete, or has it waited long enough? ─► seal the report ─► send its mails ─► done
 *                        no: the message of the event stays in its queue and is received again
 *
 * An event's message leaves the queue only after a report with the event has been sent. One conditional write fixes the
 * content of a report before its first mail is sent. So a repeated step makes the same mail with the same id, which
 * incoming recognises as a duplicate. Amazon SES does not, so a lease keeps other calls away meanwhile. A crash between
 * SES's answer and its record causes a second copy.
 */

import { doubtWords } from '../queue/items/doubt.ts';
import type { ReportableEvent } from '../queue/items/event.ts';
import { FormError } from '../queue/items/form.ts';
import { isUnreadable } from '../queue/items/unreadable-item.ts';
import { hashOf } from '../request/hash.ts';
import { type Addressee, addresseesOf } from './addressees.ts';
import { composeReport } from './compose.ts';
import { deliveriesOf, deliveriesReported, groupOf, hasNoMoreEvents, isWhole } from './gather.ts';
import { doubtShare } from './in-doubt.ts';
import { isReport, type Original, readOriginal } from './original.ts';
import type { Group, KeptEvent, ReportServices, SealedReport } from './ports.ts';
import { routeOf } from './route.ts';
import { letterheadFor, sendBy } from './send.ts';
import { type ReportSubject, subjectOf } from './subject.ts';
import { oneLine } from './text.ts';

/** The result for an event: it was reported (or need not be), or its message must be received again. */
export type ReportResult =
  | { readonly kind: 'reported' }
  /** Until when to wait, milliseconds since 1970. */
  | { readonly kind: 'waiting'; readonly until: number };

/** Milliseconds that sending a report may take: longer than the function may run. */
export const handOverLease = 90_000;

/** Most events of one report: its record is one item of the table. */
const mostEvents = 2000;

/** Reports an event. Throws temporary errors: its message then stays. */
export async function reportEvent(event: ReportableEvent, services: ReportServices): Promise<ReportResult> {
  const group = groupOf(event);
  const by = crypto.randomUUID();
  const { records, clock } = services;
  await records.keep(group, { event, at: clock.now().wall });
  for (;;) {
    const { events, reports, faults = [] } = await records.read(group);
    for (const fault of faults)
      services.log.note('error', 'kept event is malformed; it is not reported', { ...group, fault });
    // Its record is malformed: the message stays, and goes to the dead-letter queue.
    if (!events.some((kept) => kept.event.lmtp.eventId === event.lmtp.eventId)) {
      throw new FormError(`the stored event ${event.lmtp.eventId} of ${group.id} cannot be read`);
    }
    const report = reports.find(({ eventIds }) => eventIds.includes(event.lmtp.eventId));
    if (report !== undefined) return await carryOn({ group, by }, report, events, services);
    const sealed = await trySeal({ group, by }, events, reports, services);
    if (sealed.kind === 'waiting') return sealed;
  }
}

/** A call that may send a report with its mark. */
interface Holder {
  readonly group: Group;
  /** Random. */
  readonly by: string;
}

/** Continues with a report that contains the event: it is done, another call sends it, or this call does. */
async function carryOn(
  { group, by }: Holder,
  report: SealedReport,
  events: readonly KeptEvent[],
  services: ReportServices,
): Promise<ReportResult> {
  if (report.isDone) return { kind: 'reported' };
  const now = services.clock.now().wall;
  if (report.by !== by) {
    if (now < report.lease) return { kind: 'waiting', until: report.lease };
    const lease = now + handOverLease;
    if (!(await services.records.takeOver(group, report, by, lease))) return { kind: 'waiting', until: lease };
  }
  const chosen = events.map(({ event }) => event).filter(({ lmtp }) => report.eventIds.includes(lmtp.eventId));
  try {
    await handOver(group, report, subjectOf(chosen), services);
  } catch (error) {
    await endLease({ group, by }, report, services);
    throw error;
  }
  return { kind: 'reported' };
}

/** Ends the lease after a failure, so that another call may send at once. Best effort: the lease ends anyway. */
async function endLease(
  { group, by }: Holder,
  report: SealedReport,
  { records, clock }: ReportServices,
): Promise<void> {
  await records.takeOver(group, { ...report, by }, by, clock.now().wall).catch(() => false);
}

/** Seals a report of the events that are in none, if it is complete or has waited long enough. */
async function trySeal(
  { group, by }: Holder,
  events: readonly KeptEvent[],
  reports: readonly SealedReport[],
  services: ReportServices,
): Promise<{ readonly kind: 'sealed' } | Extract<ReportResult, { kind: 'waiting' }>> {
  const { records, clock, parameters } = services;
  const reported = new Set(reports.flatMap(({ eventIds }) => eventIds));
  const open = events.filter(({ event }) => !reported.has(event.lmtp.eventId));
  const now = clock.now().wall;
  const until = Math.min(...open.map(({ at }) => at)) + parameters.bounce_report_wait;
  if (now < until && !(await isComplete(group, events, services))) return { kind: 'waiting', until };
  await records.seal(group, {
    number: reports.length,
    eventIds: open.slice(0, mostEvents).map(({ event }) => event.lmtp.eventId),
    sealedAt: now,
    lease: now + handOverLease,
    by,
    handedOver: [],
    isDone: false,
  });
  // The next read shows which call has sealed it.
  return { kind: 'sealed' };
}

/** Whether no further events are expected. */
async function isComplete(group: Group, kept: readonly KeptEvent[], { ledger }: ReportServices): Promise<boolean> {
  const events = kept.map(({ event }) => event);
  if (!isWhole(events)) return false;
  const reported = deliveriesReported(events);
  if (reported.size >= deliveriesOf(events)) return true;
  const items = await ledger.readAll(group.id);
  // An unreadable item may send further events; then the waiting time decides.
  return items.every(
    (item) => reported.has(item.delivery) || (!isUnreadable(item) && hasNoMoreEvents(item, group, events)),
  );
}

/** Sends all mails of a report. */
async function handOver(
  group: Group,
  report: SealedReport,
  subject: ReportSubject,
  services: ReportServices,
): Promise<void> {
  const { parameters, bodies, records, log } = services;
  const { id, kind, pass } = group;
  const original = await readOriginal(subject.message, parameters.bounce_size_limit, bodies);
  const isAboutReport = original.kind === 'read' && isReport(original.header);
  const { addressees, reasons } = addresseesOf(subject, parameters, isAboutReport);
  for (const why of reasons) log.note('info', 'sender gets no report', { id, kind, why });
  for (const { role, isForPostmaster } of addressees) if (isForPostmaster) raiseNotice(role, subject, services);
  const open = addressees.filter(({ role }) => !report.handedOver.includes(role));
  for (const addressee of open) {
    await mail(group, report, addressee, { subject, original }, services);
    if (addressee !== open.at(-1)) await records.recordHandedOver(group, report.number, addressee.role);
  }
  await records.markDone(group, report.number);
  log.note('info', 'reported', { id, kind, pass, mails: addressees.length, recipients: subject.recipients.length });
}

/** The subject of a notice, by how many recipients are in doubt. */
const noticeWords = {
  none: {
    bounce: 'could not be delivered',
    '2bounce': 'could be delivered neither to its recipients nor back to its sender',
    delay: 'is late',
  },
  some: {
    bounce: 'could not be delivered to some recipients, and may have been delivered to others',
    '2bounce': 'could not be delivered to some recipients, may have been delivered to others, and cannot go back',
    delay: 'is late for some recipients, and may have been delivered to others',
  },
  all: {
    bounce: doubtWords,
    '2bounce': `${doubtWords}, and there is no sender to tell`,
    delay: doubtWords,
  },
} as const;

/** Raises a notice. Best effort; a repeated step counts twice. */
function raiseNotice(
  role: Addressee['role'],
  { id, destination, recipients }: ReportSubject,
  { notices }: ReportServices,
): void {
  if (role === 'sender') return;
  const what = noticeWords[doubtShare(recipients)];
  const [first] = recipients;
  const subject = `message ${id} ${what[role]}: ${recipients.length} recipients, ${first?.diagnosticCode ?? ''}`;
  notices.raise({ class: role, subject: oneLine(subject), destination, queueId: id });
}

async function mail(
  group: Group,
  report: SealedReport,
  addressee: Addressee,
  { subject, original }: { readonly subject: ReportSubject; readonly original: Original },
  services: ReportServices,
): Promise<void> {
  const { parameters, domains, ses, log } = services;
  const { role, address, envelopeSender } = addressee;
  const { id, kind } = group;
  const route = routeOf(address, parameters, domains);
  if (route === undefined) {
    log.note('info', 'no report sent: no route serves the address', { id, kind, role, address });
    return;
  }
  const reportId = hashOf(['report', group, report.number, role]).slice(0, 20);
  if (route === 'ses' && role === 'sender' && (await ses.bounce(subject, addressee.recipients))) {
    log.note('info', 'told', { id, kind, role, address, route: 'SendBounce' });
    return;
  }
  const composed = await composeReport({
    reportId,
    subject,
    addressee,
    original,
    date: report.sealedAt,
    letterhead: letterheadFor(route, parameters),
    isSevenBit: route === 'ses',
    isThreaded: parameters.enable_threaded_bounces,
  });
  await sendBy(route, { ...composed, reportId, envelopeSender, recipient: address, date: report.sealedAt }, services);
  log.note('info', 'told', { id, kind, role, address, route, report: reportId });
}
