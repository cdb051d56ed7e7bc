/**
 * The sample messages that ship with the project: what each shows, how it is sent, and how it must end. `npm start` sends them
 * all and holds the outcome against what is declared here.
 *
 * Recipients at example.com whose mailbox has its own mind are in `mailboxes`.
 */
import { readFileSync } from 'node:fs';
import { messageWithAttachment } from './attachment.ts';
import type { StoreVerdict } from './maildir-server.ts';

/** How a recipient must end, after how many attempts. */
export interface ExpectedVerdict {
  readonly status: 'sent' | 'bounced';
  readonly attempts: number;
}

/**
 * By recipient, and who gets a report on those who failed; or, for a request that cannot be used, a word that the reason in
 * the corrupt queue must hold.
 */
export type Expected =
  | { readonly verdicts: Readonly<Record<string, ExpectedVerdict>>; readonly reportTo?: string }
  | { readonly corrupt: string };

export interface Sample {
  /** Also its queue id. */
  readonly name: string;
  /** What it shows, in a few words. */
  readonly shows: string;
  /** The null sender is "". */
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Further fields of the delivery request. */
  readonly request?: Readonly<Record<string, unknown>>;
  readonly content: () => Buffer;
  readonly expected: Expected;
}

/** Mailboxes of the local mail store that do not simply accept. */
export const mailboxes: Readonly<Record<string, { readonly always: boolean } & StoreVerdict>> = {
  'nobody@example.com': { always: true, at: 'RCPT', code: 550, text: '5.1.1 <nobody@example.com> User unknown' },
  'full@example.com': { always: true, at: 'content', code: 552, text: '5.2.2 <full@example.com> Over quota' },
  'busy@example.com': {
    always: false,
    at: 'RCPT',
    code: 450,
    text: '4.2.0 <busy@example.com> Mailbox busy, come again',
  },
  'crowded@example.com': { always: false, at: 'content', code: 452, text: '4.2.2 <crowded@example.com> Over quota' },
};

/** Domains of senders that the local stack delivers to: a report for them lands in a Maildir. */
export const sendersDomains = 'example.org';

/** The verdict of the local mail store: `mailboxes` refuse always, or the first time only. */
export function mailboxVerdict(recipient: string, seen: number): StoreVerdict | undefined {
  const mailbox = mailboxes[recipient];
  return mailbox !== undefined && (mailbox.always || seen === 0) ? mailbox : undefined;
}

const bob = 'bob@example.com';
const alice = 'alice@example.org';
const sentAtOnce: ExpectedVerdict = { status: 'sent', attempts: 1 };
const bouncedAtOnce: ExpectedVerdict = { status: 'bounced', attempts: 1 };
const sentLater: ExpectedVerdict = { status: 'sent', attempts: 2 };

const readers = Array.from({ length: 40 }, (_, number) => `reader-${String(number + 1).padStart(2, '0')}@example.com`);

/** All samples, in the order they are sent. */
export const samples: readonly Sample[] = [
  toBob('plain', 'an ordinary message'),
  { ...toBob('attachment', 'a 3 MB attachment'), content: () => messageWithAttachment(bob) },
  toBob('eight-bit', 'an ISO 8859-1 body', { body: '8BITMIME' }),
  {
    ...toBob('utf8-headers', 'raw UTF-8 headers', { body: '8BITMIME', smtputf8: true }),
    sender: 'zoe@b\u00fccher.example',
  },
  toBob('long-lines', 'a line of 2600 octets', { body: '8BITMIME' }),
  toBob('leading-dots', 'leading and lone dots'),
  toBob('bare-lf', 'bare LF, a smuggler'),
  toBob('no-final-newline', 'no newline at the end'),
  { ...toBob('null-sender', 'the null sender'), sender: '' },
  {
    ...toBob('newsletter', '40 recipients at once'),
    sender: 'news-return@lists.example.org',
    recipients: readers,
    expected: { verdicts: Object.fromEntries(readers.map((reader) => [reader, sentAtOnce])) },
  },
  {
    ...toBob('busy-mailbox', 'deferred once'),
    recipients: ['busy@example.com'],
    expected: { verdicts: { 'busy@example.com': sentLater } },
  },
  {
    ...toBob('unknown-user', 'an unknown mailbox'),
    recipients: ['nobody@example.com'],
    expected: { verdicts: { 'nobody@example.com': bouncedAtOnce }, reportTo: alice },
  },
  {
    ...toBob('different-verdicts', 'four replies'),
    recipients: [bob, 'crowded@example.com', 'full@example.com', 'nobody@example.com'],
    expected: {
      verdicts: {
        [bob]: sentAtOnce,
        'crowded@example.com': sentLater,
        'full@example.com': bouncedAtOnce,
        'nobody@example.com': bouncedAtOnce,
      },
      reportTo: alice,
    },
  },
  {
    ...toBob('malformed-request', 'an unknown field', { recipient: bob }),
    expected: { corrupt: 'recipient' },
  },
];

/** A sample from the file of its name, from Alice to Bob, who gets it at once. */
function toBob(name: string, shows: string, request: Readonly<Record<string, unknown>> = {}): Sample {
  const file = new URL(`./${name}.eml`, import.meta.url);
  return {
    name,
    shows,
    sender: alice,
    recipients: [bob],
    request,
    content: () => readFileSync(file),
    expected: { verdicts: { [bob]: sentAtOnce } },
  };
}
