/**
 * Sends mails of the stack, with the letterhead that their route needs.
 */

import type { Notice } from '../notices/notice.ts';
import { ownAddress } from '../parameters/own-address.ts';
import type { Parameters } from '../parameters/parameters.ts';
import { hashOf } from '../request/hash.ts';
import type { Letterhead } from './compose.ts';
import { noticeMail } from './notice-mail.ts';
import type { OutgoingMail, ReportServices } from './ports.ts';
import { type Route, routeOf } from './route.ts';

/** Returns the letterhead of a mail on a route. */
export function letterheadFor(
  route: Route,
  { myhostname, mail_name, bounce_report_ses_sender }: Parameters,
): Letterhead {
  const author = route === 'ses' ? bounce_report_ses_sender : `MAILER-DAEMON@${myhostname}`;
  return { host: myhostname, mailName: mail_name, author };
}

/** Sends a mail on a route. */
export async function sendBy(
  route: Route,
  parcel: OutgoingMail,
  { incoming, ses }: Pick<ReportServices, 'incoming' | 'ses'>,
): Promise<void> {
  await (route === 'incoming' ? incoming.send(parcel) : ses.send(parcel));
}

/** Classes that postmasters get by events on the bounce topic: their notices make no second mail. */
const reportedByEvents: ReadonlySet<Notice['class']> = new Set(['bounce', '2bounce', 'delay']);

/**
 * Sends the mail of a notice, if a route serves error_notice_recipient. Throws temporary errors: its message then
 * stays.
 *
 * Known limit: Amazon SES does not recognise duplicates, so a notice that is received twice is mailed twice.
 */
export async function mailNotice(notice: Notice, services: ReportServices): Promise<void> {
  const { parameters, domains, log } = services;
  if (reportedByEvents.has(notice.class)) return;
  const address = ownAddress(parameters.error_notice_recipient, parameters);
  const route = routeOf(address, parameters, domains);
  if (route === undefined) {
    log.note('info', 'notice not mailed: no route serves the address', { notice: notice.id, address });
    return;
  }
  const reportId = hashOf(['notice', notice.id]).slice(0, 20);
  const composed = await noticeMail({ reportId, notice, address, letterhead: letterheadFor(route, parameters) });
  const envelopeSender = ownAddress(parameters.double_bounce_sender, parameters);
  const date = Date.parse(notice.time);
  await sendBy(route, { ...composed, reportId, envelopeSender, recipient: address, date }, services);
}
