/**
 * The troubles that `npm start -- --trouble` brings up: what is sent, what it comes to, and which command shows it.
 */
import type { NextCommand } from '../../../functions/operator/operator.ts';
import type { StoreVerdict } from '../samples/maildir-server.ts';

/** What a message has to come to before it is in trouble. */
export type Condition =
  /** Every delivery is in one of these states. */
  | { readonly kind: 'state'; readonly states: readonly string[] }
  /** It waits, and may have been delivered. */
  | { readonly kind: 'in doubt' }
  /** It was never taken in. */
  | { readonly kind: 'corrupt request' }
  /** It is done, and its recipient was refused. */
  | { readonly kind: 'bounced' };

/** What an operator does to a message while it waits, as soon as it is deferred. */
export type Mishap = 'none' | 'its body is altered' | 'an operator holds it';

/** One trouble. */
export interface Trouble {
  /** Queue ids of its messages. */
  readonly ids: readonly string[];
  readonly recipient: string;
  /** What is wrong, and what it comes to, in a few words. */
  readonly words: string;
  readonly condition: Condition;
  readonly mishap: Mishap;
  /** Further fields of the request. */
  readonly request?: Readonly<Record<string, unknown>>;
  /** The command that shows it; `DESTINATION` stands for its destination. */
  readonly shown: NextCommand;
}

const deferred: Condition = { kind: 'state', states: ['deferred'] };

/** The destinations, by the domain of their recipients; everything else goes to the mail store. */
export const domains = {
  dead: 'dead.example',
  slow: 'slow.example',
  doubt: 'doubt.example',
  held: 'archive.example',
} as const;

/** The hold on the destination of `domains.held`. */
export const destinationHold = { hold: 'CHG-88', why: 'CHG-88: new disks' } as const;

/** The hold on a message. */
export const messageHold = { hold: 'INC-4711', why: 'INC-4711: the mailbox is being moved' } as const;

/** Mailboxes of the mail store that do not accept; `seen`: how often a recipient was named before. */
export function troubledMailbox(recipient: string, seen: number): StoreVerdict | undefined {
  const [mailbox] = recipient.split('@');
  if (mailbox === 'full') return { at: 'RCPT', code: 452, text: `4.2.2 <${recipient}> Mailbox full` };
  if (mailbox === 'unknown') return { at: 'RCPT', code: 550, text: `5.1.1 <${recipient}> User unknown` };
  return mailbox === 'busy' && seen === 0
    ? { at: 'RCPT', code: 450, text: `4.2.0 <${recipient}> Mailbox busy` }
    : undefined;
}

/** All troubles, in the order in which they are shown. */
export const troubles: readonly Trouble[] = [
  {
    ...{ ids: ['dead-1', 'dead-2', 'dead-3'], recipient: `ann@${domains.dead}`, mishap: 'none', condition: deferred },
    words: 'no server listens: deferred, destination suspended',
    shown: ['explain', 'DESTINATION'],
  },
  {
    ...{ ids: ['slow'], recipient: `bob@${domains.slow}`, mishap: 'none' },
    condition: { kind: 'state', states: ['delivering', 'deferred'] },
    words: 'the server takes seconds for each reply, then says 451',
    shown: ['explain', 'slow'],
  },
  {
    ...{ ids: ['full'], recipient: 'full@example.com', mishap: 'none', condition: deferred },
    words: 'the mailbox is full (452 4.2.2): deferred',
    shown: ['queue', 'full'],
  },
  {
    ...{ ids: ['doubt'], recipient: `joe@${domains.doubt}`, mishap: 'none', condition: { kind: 'in doubt' } },
    words: 'the server hangs up after the final dot: in doubt, held after 3 attempts',
    shown: ['explain', 'doubt'],
  },
  {
    ...{ ids: ['malformed'], recipient: 'bob@example.com', mishap: 'none', condition: { kind: 'corrupt request' } },
    request: { recipient: 'bob@example.com' },
    words: 'the request has an unknown field: corrupt',
    shown: ['explain', 'malformed'],
  },
  {
    ...{ ids: ['altered'], recipient: 'busy@example.com', mishap: 'its body is altered' },
    condition: { kind: 'state', states: ['corrupt'] },
    words: 'its body was altered while it waited: corrupt',
    shown: ['explain', 'altered'],
  },
  {
    ...{ ids: ['held'], recipient: 'full@example.com', mishap: 'an operator holds it' },
    condition: { kind: 'state', states: ['held'] },
    words: 'an operator holds the message',
    shown: ['explain', 'held'],
  },
  {
    ...{ ids: ['archive'], recipient: `zoe@${domains.held}`, mishap: 'none' },
    condition: { kind: 'state', states: ['held'] },
    words: 'an operator holds the destination',
    shown: ['explain', 'DESTINATION'],
  },
  {
    ...{ ids: ['bounced'], recipient: 'unknown@example.com', mishap: 'none', condition: { kind: 'bounced' } },
    words: 'there is no such mailbox (550 5.1.1): bounced, with a report',
    shown: ['explain', 'bounced'],
  },
  {
    ...{ ids: ['sent'], recipient: 'bob@example.com', mishap: 'none', condition: { kind: 'state', states: ['done'] } },
    words: 'no trouble: sent',
    shown: ['explain', 'sent'],
  },
];

/** Commands that show all of it. */
export const overviewCommands: readonly NextCommand[] = [
  ['status'],
  ['queue'],
  ['queue', '--state', 'corrupt'],
  ['queue', '--in-doubt'],
  ['shape'],
  ['log', '--since', '10m'],
];

/**
 * Returns the commands with which an operator ends a trouble, or tries to.
 *
 * @param destinationOf the destination of a domain
 */
export function remedies(destinationOf: (domain: string) => string): readonly NextCommand[] {
  return [
    ['flush', 'full'],
    ['flush', '--destination', destinationOf(domains.dead)],
    ['requeue', 'malformed', '--unset', 'recipient'],
    ['requeue', 'altered'],
    ['release', 'held'],
    ['release', '--destination', destinationOf(domains.held)],
  ];
}
