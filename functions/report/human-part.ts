/**
 * The part of a report that people read.
 */

import { quoteAddress } from '../smtp/path.ts';
import type { ReportSubject, ToldRecipient } from './subject.ts';
import { mailDate, oneLine, wrap } from './text.ts';

/** For whom: the sender gets an explanation too. */
export interface HumanStyle {
  readonly isForPostmaster: boolean;
  /** myhostname */
  readonly host: string;
}

/** The text, with CRLF line ends. */
export function humanPart(subject: ReportSubject, recipients: readonly ToldRecipient[], style: HumanStyle): string {
  const explanation = style.isForPostmaster ? [] : [...explain(subject, style.host), ''];
  const lines = [...explanation, ...recipients.flatMap((recipient) => [...tell(recipient), ''])];
  return lines.map((line) => `${line}\r\n`).join('');
}

function explain({ kind, willRetryUntil }: ReportSubject, host: string): readonly string[] {
  const greeting = `This is the mail system of ${oneLine(host)}.`;
  switch (kind) {
    case 'bounce':
      return [
        greeting,
        '',
        'Your message did not reach everybody you sent it to. Whom it did not reach,',
        'and why, is written below; nothing more will be tried for them. If you',
        'cannot tell from it what to do, show this whole message to a postmaster.',
      ];
    case 'delay': {
      const until = willRetryUntil === undefined ? [] : [`This goes on until ${mailDate(willRetryUntil)}.`];
      return [
        greeting,
        '',
        'Your message is late, and nothing is lost: it is tried again and again for',
        'the addresses below. You need not send it once more.',
        ...until,
      ];
    }
    case 'success':
      return [
        greeting,
        '',
        'You asked to be told when your message arrives. It was handed over for the',
        'addresses below; what they did with it after that is not known here.',
      ];
    default:
      return kind satisfies never;
  }
}

/** Address and reason, as Postfix lays them out. */
function tell({ address, original, diagnosticCode }: ToldRecipient): readonly string[] {
  const from =
    original === undefined || original.toLowerCase() === address.toLowerCase()
      ? ''
      : ` (expanded from <${oneLine(quoteAddress(original))}>)`;
  const reason = oneLine(diagnosticCode.slice(diagnosticCode.indexOf(';') + 1));
  return wrap(`<${oneLine(quoteAddress(address))}>${from}: ${reason}`, '    ');
}
