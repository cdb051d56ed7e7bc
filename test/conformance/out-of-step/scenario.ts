/** A scenario of replies out of step: what a server decides, and where its output has a line too many or too few. */

/**
 * The server's decision about one recipient: `K` stores the mail, `R` refuses it permanently and `F`
 * temporarily after the final dot; `r` and `f` do the same at RCPT.
 */
export type Decision = 'K' | 'R' | 'F' | 'r' | 'f';

/** Where the server sends a reply. At `content` and `parked` it should send none. */
export type Place = 'greeting' | 'LHLO' | 'MAIL' | 'RCPT' | 'DATA' | 'content' | 'final' | 'RSET' | 'parked';

/** One reply; `nth` counts RCPT commands, or accepted recipients, of a transaction from 0. */
export interface Position {
  readonly place: Place;
  readonly nth?: number;
}

/**
 * When the second of two lines follows: in the same packet; after 60 ms, during which the server does nothing
 * else; or after 60 ms, while the conversation goes on.
 */
export type Gap = 'at once' | 'later' | 'meanwhile';

/** What happens to a reply. */
export type Slip =
  /** It is sent correctly; only the ending matters. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'twice'; readonly gap: Gap }
  /** A line before the reply. */
  | { readonly kind: 'before'; readonly line: string; readonly gap: Gap }
  /** A line after the reply. */
  | { readonly kind: 'behind'; readonly line: string; readonly gap: Gap }
  | { readonly kind: 'missing' }
  | { readonly kind: 'instead'; readonly line: string };

/**
 * How the conversation ends: at the reply, or after the last final reply. With `421` alone the server falls
 * silent.
 */
export interface Ending {
  readonly what: 'close' | '421' | '421 and close' | '221 and close' | 'silence';
  readonly when: 'at once' | 'behind the finals';
}

/** The fault of a server; every connection has it. */
export interface Fault {
  readonly at: Position;
  readonly slip: Slip;
  readonly ending?: Ending;
  /** Which transaction of each connection has the fault, from 1 (greeting, LHLO and RSET: always). Default: 1. */
  readonly transaction?: number;
  /** Only the first connection has it. */
  readonly once?: true;
}

/** One scenario. */
export interface Scenario {
  readonly name: string;
  /**
   * What the server decides about each recipient of the first message; {@link decisionsFor} gives those of
   * the others.
   */
  readonly decisions: readonly Decision[];
  readonly pipelining: boolean;
  readonly fault?: Fault;
  /** Messages that one agent delivers in sequence. */
  readonly messages: number;
  /** Each final reply is a packet of its own, and 20 ms pass before the server goes on. */
  readonly isPaced?: true;
  /** Final replies name their recipient. */
  readonly isNaming?: true;
  /** All recipients are refused permanently at this command. */
  readonly refusedAt?: 'MAIL' | 'DATA';
  /** Octets of content; absent: a few. */
  readonly size?: number;
  /** Every verdict must be what the server decided. */
  readonly isExact?: true;
  /** How many connections there may be; absent: any number. */
  readonly connections?: number;
}

const opposite = { K: 'R', R: 'K', F: 'K', r: 'K', f: 'r' } as const satisfies Record<Decision, Decision>;

/**
 * Returns what the server decides about the recipients of the n-th message, from 1. Every second message
 * meets the opposite decisions, so that a leftover reply from the message before is detected.
 */
export function decisionsFor({ decisions }: Scenario, message: number): readonly Decision[] {
  return message % 2 === 1 ? decisions : decisions.map((decision) => opposite[decision]);
}

/** The recipients that RCPT accepts, by their index. */
export function acceptedOf(decisions: readonly Decision[]): readonly number[] {
  return decisions.flatMap((decision, index) => (decision === 'r' || decision === 'f' ? [] : [index]));
}

/** Returns the reply that a decision leads to. */
export const decisionReply = {
  K: '250 2.0.0 saved',
  R: '550 5.2.1 mailbox disabled',
  F: '452 4.2.2 mailbox full',
  r: '550 5.1.1 no such mailbox',
  f: '452 4.2.2 mailbox full',
} as const satisfies Record<Decision, string>;

/** The sender of the n-th message, by which the server recognises it. */
export function senderOf(message: number): string {
  return `m${message}@client.example`;
}

/** The address of a recipient, by its index. */
export function recipientOf(index: number): string {
  return `r${index + 1}@store.example`;
}

/** The content of the n-th message, with the line ends of the wire. */
export function contentOf(message: number): string {
  return `Subject: message ${message}\r\n\r\nThis is message ${message}.\r\n`;
}

/**
 * Whether a fault puts a line where it does not belong, or withholds one. A close does not: the server sends
 * 421 or 221 instead of a reply to RSET, or after a reply, or just closes; every other reply is in its place.
 */
export function isMisplacing({ slip, ending }: Fault): boolean {
  if (slip.kind === 'nothing') return ending?.what === 'silence';
  return slip.kind !== 'instead' || ending === undefined || !isClosing(slip.line);
}

/** 421 and 221: the server closes. */
export function isClosing(line: string): boolean {
  return /^[42]21/.test(line);
}

/** Returns a name that describes the scenario, so that it can be run by its name. */
export function nameOf({ decisions, pipelining, fault, ...rest }: Omit<Scenario, 'name'>): string {
  const ways = [
    decisions.join(''),
    pipelining ? 'pipelined' : 'one command at a time',
    ...(rest.isPaced ? ['final replies one by one'] : []),
    ...(rest.isNaming ? ['naming'] : []),
    ...(rest.refusedAt === undefined ? [] : [`refused at ${rest.refusedAt}`]),
    ...(rest.messages > 1 ? [`${rest.messages} messages`] : []),
  ];
  return `${fault === undefined ? 'no fault' : faultName(fault)} [${ways.join(', ')}]`;
}

function faultName({ at, slip, ending, transaction, once }: Fault): string {
  const place = at.nth === undefined ? at.place : `${at.place} ${at.nth + 1}`;
  const warm = transaction === undefined ? '' : ` of transaction ${transaction}`;
  const end = ending === undefined ? '' : `, ${ending.what} ${ending.when}`;
  return `${place}${warm}: ${slipName(slip)}${end}${once === true ? ', once' : ''}`;
}

function slipName(slip: Slip): string {
  switch (slip.kind) {
    case 'nothing':
      return 'in its place';
    case 'missing':
      return 'missing';
    case 'twice':
      return `twice ${slip.gap}`;
    case 'before':
      return `behind "${slip.line}" ${slip.gap}`;
    case 'behind':
      return `followed ${slip.gap} by "${slip.line}"`;
    case 'instead':
      return `"${slip.line}" instead`;
    default:
      return slip satisfies never;
  }
}
