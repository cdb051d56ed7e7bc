/**
 * Composes the mail of a notice to the postmaster (error_notice_recipient; after smtp_chat_notify in Postfix's
 * smtp_chat.c).
 */

import type { Notice } from '../notices/notice.ts';
import { type ComposedMail, finish, type Letterhead, startMail } from './compose.ts';
import { oneLine, wrap } from './text.ts';

/** What the mail is made from. */
export interface NoticeMailFacts {
  /** Its queue id. */
  readonly reportId: string;
  readonly notice: Notice;
  /** error_notice_recipient, with its domain. */
  readonly address: string;
  readonly letterhead: Letterhead;
}

/** Returns the mail. */
export async function noticeMail({ reportId, notice, address, letterhead }: NoticeMailFacts): Promise<ComposedMail> {
  const addressee = { address, isForPostmaster: true };
  const root = startMail('text/plain; charset=us-ascii', {
    reportId,
    date: Date.parse(notice.time),
    letterhead,
    addressee,
  });
  const peer = notice.peer === undefined ? '' : ` from ${oneLine(notice.peer)}`;
  root.setHeader('Subject', `${letterhead.mailName} LMTP client: ${notice.class} trouble${peer}`.slice(0, 500));
  root.setContent(noticeText(notice));
  return await finish(root, address);
}

function noticeText({ subject, count, transport, destination, queueId, transcript }: Notice): string {
  const facts = [
    `Transport: ${transport}`,
    ...(destination === undefined ? [] : [`Destination: ${destination}`]),
    ...(queueId === undefined ? [] : [`Queue id: ${queueId}`]),
    ...(count > 1 ? [`It happened ${count} times since the last notice; this is the latest.`] : []),
  ];
  const dialogue =
    transcript.length === 0
      ? []
      : ['', 'Transcript (without content and secrets):', '', ...transcript.flatMap(transcriptLine)];
  const lines = [...wrap(oneLine(subject), '    '), '', ...facts.flatMap((fact) => wrap(oneLine(fact), '    '))];
  return [...lines, ...dialogue, '', 'For details see the log of the functions.', ''].join('\r\n');
}

/** Indents each line by a blank; control characters become `?`. */
function transcriptLine(line: string): readonly string[] {
  const harmless = oneLine(line);
  return wrap(harmless === '' ? '-' : harmless, '     ').map((each) => ` ${each}`);
}
