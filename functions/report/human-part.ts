/**
 * The part of a report for people.
 */

import { quoteAddress } from '../smtp/path.ts';
import { type DoubtShare, doubtShare } from './in-doubt.ts';
import type { ReportRecipient, ReportSubject } from './subject.ts';
import { mailDate, oneLine, wrap } from './text.ts';

/** The sender also gets an explanation. */
export interface HumanStyle {
  readonly isForPostmaster: boolean;
  /** myhostname */
  readonly host: string;
}

/** Returns the text, with CRLF line ends. */
export function humanPart(subject: ReportSubject, recipients: readonly ReportRecipient[], style: HumanStyle): string {
  const explanation = style.isForPostmaster ? [] : [...explain(subject, doubtShare(recipients), style.host), ''];
  const lines = [...explanation, ...recipients.flatMap((recipient) => [...recipientLines(recipient), ''])];
  return lines.map((line) => `${line}\r\n`).join('');
}

function explain(subject: ReportSubject, share: DoubtShare, host: string): readonly string[] {
  const greeting = [`This is the mail system of ${oneLine(host)}.`, ''];
  switch (subject.kind) {
    case 'bounce':
      return [...greeting, ...explainFailure(share)];
    case 'delay':
      return [...greeting, ...explainDelay(subject, share)];
    case 'success':
      return [
        ...greeting,
        'You asked for a report when your message is delivered. It was handed over',
        'for the addresses below; what happens to it after that is not known here.',
      ];
    default:
      return subject.kind satisfies never;
  }
}

function explainFailure(share: DoubtShare): readonly string[] {
  switch (share) {
    case 'none':
      return [
        'Your message did not reach all its recipients. The addresses and the reasons',
        'are written below; nothing more will be tried for them. If you cannot tell',
        'from the reasons what to do, show this whole message to a postmaster.',
      ];
    case 'all':
      return [
        'Your message may have been delivered to the addresses below. Their server',
        'broke off before it confirmed that, so it is not known here, and nothing',
        'more will be tried. Before you send the message once more, ask them whether',
        'they have it. If you cannot tell what to do, show this to a postmaster.',
      ];
    case 'some':
      return [
        'Your message did not reach all its recipients. The addresses and the reasons',
        'are written below; nothing more will be tried for them. Where it says "may',
        'have been delivered", the server broke off before it confirmed that: ask',
        'these recipients whether they have the message before you send it once more.',
        'If you cannot tell what to do, show this to a postmaster.',
      ];
    default:
      return share satisfies never;
  }
}

function explainDelay({ willRetryUntil }: ReportSubject, share: DoubtShare): readonly string[] {
  const end = willRetryUntil === undefined ? undefined : mailDate(willRetryUntil);
  if (share === 'all') {
    return [
      'Your message may have been delivered to the addresses below. Their server',
      'broke off before it confirmed that, so it is not known here. You need not',
      'send the message once more now.',
      ...(end === undefined ? [] : [`If it remains unknown, you get a report after ${end}.`]),
    ];
  }
  const doubt = [
    'Where it says "may have been delivered", the server broke off before it',
    'confirmed that, and it is not known here.',
  ];
  return [
    'Your message is delayed, not lost: delivery to the addresses below is',
    'retried. You need not send it again.',
    ...(share === 'some' ? doubt : []),
    ...(end === undefined ? [] : [`Retries continue until ${end}.`]),
  ];
}

/** Returns address and reason in Postfix's layout. */
function recipientLines({ address, original, diagnosticCode }: ReportRecipient): readonly string[] {
  const from =
    original === undefined || original.toLowerCase() === address.toLowerCase()
      ? ''
      : ` (expanded from <${oneLine(quoteAddress(original))}>)`;
  const reason = oneLine(diagnosticCode.slice(diagnosticCode.indexOf(';') + 1));
  return wrap(`<${oneLine(quoteAddress(address))}>${from}: ${reason}`, '    ');
}
