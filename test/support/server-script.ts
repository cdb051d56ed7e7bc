/**
 * The script of a scripted LMTP server: the format of `server` in the recorded scenarios, as types.
 *
 * Everything is optional; `defaultScript` has the defaults. A test writes only what it is about: `{ final: {
 * default: '452 4.2.2 mailbox full' } }`.
 */
import type { Socket } from 'node:net';
import { capabilitiesUnder, type TlsScript } from './scripted-tls.ts';

/** The lines of one reply, without their line ends. */
export type ReplyText = string | readonly string[];

/** A reply with details beside its text. */
export interface DetailedReply {
  readonly reply?: ReplyText;
  /** Milliseconds to wait first. */
  readonly delay_ms?: number;
  /** Line end in place of CRLF. */
  readonly eol?: string;
  /** Octet by octet, with so many milliseconds after each. */
  readonly byte_gap_ms?: number;
  /** Lengthens the one line with `x` to so many octets. */
  readonly pad_to?: number;
  /** Exactly this text in place of `reply`, without an added line end. */
  readonly raw?: string;
  /** The same, for octets that are not UTF-8. */
  readonly raw_base64?: string;
  /**
   * What follows: `close` sends FIN and goes on recording; `reset` sends RST; `silence` answers nothing any
   * more; `stall` does not even read any more.
   */
  readonly then?: 'continue' | 'close' | 'reset' | 'silence' | 'stall';
}

/** One reply. */
export type SingleReply = ReplyText | DetailedReply;

/** One reply, or one for each use in a connection; the last of them is repeated. */
export type ReplyScript = SingleReply | { readonly each: readonly SingleReply[] };

/** DIGEST-MD5 (RFC 2831 section 2.1.3): a 334 with the server's own proof, or with a false one. */
export interface ProofReply extends Omit<DetailedReply, 'reply'> {
  readonly rspauth: 'right' | 'wrong';
}

/** Answers lines of AUTH exchanges as a program; `connection` is that of the line. */
export type AuthServer = (line: string, connection: Socket) => SingleReply;

/** Replies by address, the text between `<` and `>`; `default` is for all others. */
export type RepliesByAddress = Readonly<Record<string, ReplyScript>>;

/** Verbs that the server supports only if they are scripted. Those that begin with X may be anything. */
const otherVerbs = [
  'ehlo',
  'helo',
  'starttls',
  'bdat',
  'burl',
  'noop',
  'vrfy',
  'expn',
  'help',
  'etrn',
  'atrn',
  'turn',
] as const;
type OtherVerb = (typeof otherVerbs)[number];

/** The replies of one connection. */
export interface ConnectionScript extends Partial<Readonly<Record<OtherVerb, ReplyScript>>> {
  readonly greeting?: ReplyScript;
  /** Lines of the reply to LHLO after the first, which is the server's name. */
  readonly capabilities?: readonly string[];
  /** In place of the reply made from `capabilities`. */
  readonly lhlo?: ReplyScript;
  readonly mail?: ReplyScript;
  readonly rcpt?: RepliesByAddress;
  /** To RCPT if MAIL was not accepted, or never sent. */
  readonly rcpt_no_mail?: ReplyScript;
  /** Any 3xx starts the content. */
  readonly data?: ReplyScript;
  /** To DATA if no RCPT was accepted. */
  readonly data_no_rcpt?: ReplyScript;
  /** Sent once, as soon as so many octets of content have arrived (0: at once). */
  readonly content?: DetailedReply & { readonly after_bytes?: number };
  /** One reply for each accepted RCPT, in order (RFC 2033 section 4.2). */
  readonly final?: RepliesByAddress;
  /** Only so many of the final replies are sent. */
  readonly final_count?: number;
  /** Sent after the final replies. */
  readonly final_extra?: readonly SingleReply[];
  readonly rset?: ReplyScript;
  readonly quit?: ReplyScript;
  /** To any verb that is not scripted. */
  readonly unknown?: ReplyScript;
  /** The i-th answers the i-th line of an AUTH exchange, the last of them all others; after a 334 one more line is read. */
  readonly auth?: readonly (SingleReply | ProofReply)[];
  /** In place of `auth`. */
  readonly auth_server?: AuthServer;
  /** Password that a DIGEST-MD5 response is checked with. */
  readonly digest_password?: string;
  /** Absent: the server does not support TLS. `starttls` is the reply to STARTTLS; it is optional. */
  readonly tls?: TlsScript;
  readonly [verb: `x${string}`]: ReplyScript;
}

/** The settings of a server: where to listen, and the replies of each connection. */
export interface ServerScript extends ConnectionScript {
  /** Addresses that share one port, or a unix-domain socket. Default: 127.0.0.1. */
  readonly listen?: readonly string[] | 'unix';
  /** Where the unix-domain socket is created; a fresh temporary directory if absent. */
  readonly path?: string;
  /** Overrides by connection number, from 1, over all addresses; `default` is for the numbers not given. */
  readonly connections?: Readonly<Record<string, ConnectionScript>>;
}

/** The replies that a script does not set. */
export const defaultScript = {
  greeting: '220 lmtp.test LMTP ready',
  capabilities: ['PIPELINING', 'ENHANCEDSTATUSCODES', '8BITMIME'],
  mail: '250 2.1.0 sender ok',
  rcpt: { default: '250 2.1.5 recipient ok' },
  rcpt_no_mail: '503 5.5.1 MAIL first',
  data: '354 go ahead',
  data_no_rcpt: '503 5.5.1 no valid recipients',
  final: { default: '250 2.0.0 delivered' },
  rset: '250 2.0.0 reset',
  quit: andThen('close', '221 2.0.0 bye'),
  auth: ['503 5.5.1 AUTH not scripted'],
  unknown: '500 5.5.1 command not known',
} as const satisfies ConnectionScript;

/**
 * A reply with what follows it, for scripts written in TypeScript: `{ mail: andThen('close', '421 4.3.2 going
 * down') }`. Without a reply nothing is sent before.
 */
export function andThen(then: NonNullable<DetailedReply['then']>, reply?: ReplyText): DetailedReply {
  return reply === undefined ? { then } : { reply, then };
}

/** A connection's script with all defaults filled in. */
export type CompleteScript = ConnectionScript & Required<Pick<ConnectionScript, keyof typeof defaultScript>>;

/** The script of the n-th connection: the defaults, the server's own replies, the connection's overrides. */
export function completeScript(script: ServerScript, n: number): CompleteScript {
  const { connections = {}, ...base } = script;
  const own = connections[String(n)] ?? connections['default'] ?? {};
  return {
    ...defaultScript,
    ...base,
    ...own,
    rcpt: { ...defaultScript.rcpt, ...(own.rcpt ?? base.rcpt) },
    final: { ...defaultScript.final, ...(own.final ?? base.final) },
  };
}

/** The reply to a verb outside the protocol's core, if it is scripted. `verb` is in lower case. */
export function otherReply(script: CompleteScript, verb: string): ReplyScript | undefined {
  const known = otherVerbs.find((name) => name === verb);
  if (known !== undefined) return script[known];
  return verb.startsWith('x') ? script[`x${verb.slice(1)}`] : undefined;
}

/** The reply to LHLO: the scripted one, or the server's name and its capabilities. */
export function lhloReply(script: CompleteScript, isSecured = false): ReplyScript {
  if (script.lhlo !== undefined) return script.lhlo;
  const lines = ['lmtp.test', ...capabilitiesUnder(script.capabilities, script.tls, isSecured)];
  return lines.map((line, index) => `250${index === lines.length - 1 ? ' ' : '-'}${line}`);
}
