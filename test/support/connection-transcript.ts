/** A scripted server's record of a connection, in the form of the recorded scenarios. */
import { isDigestRight, parseDigestResponse } from './digest-md5.ts';
import type { ContentRecord } from './received-content.ts';
import type { HandshakeRecord } from './scripted-tls.ts';

/** A connection in the form that tests compare. */
export interface ConnectionTranscript {
  /** Number of the connection, from 1, over all addresses of the server. */
  readonly n: number;
  /** All lines, with `<content>` and `.` for a message, or `<incomplete content>`; `<TLS>` at a handshake. */
  readonly commands: readonly string[];
  /** The same lines by the read of the socket that brought them: lines of one read were pipelined. */
  readonly commands_by_read: readonly (readonly string[])[];
  readonly contents: readonly ContentRecord[];
  /** Lines of AUTH exchanges, decoded; NUL is written `\0`. */
  readonly auth_decoded?: readonly string[];
  readonly digest_response_correct?: boolean;
  readonly tls?: HandshakeRecord;
  /** Why a handshake failed, in the words of the TLS library. */
  readonly handshake_error?: string;
  /**
   * What was sent after STARTTLS before the handshake: a client must not, and a server must not read it (RFC
   * 3207).
   */
  readonly behind_starttls?: string;
  /** What was sent after the last line end. */
  readonly partial_line?: string;
  /** Which side ended the connection first, as the server saw it: `server closed`, `client reset`, ..., or `open`. */
  readonly end: string;
}

/** A line of a client, or a placeholder for its content. */
export interface Command {
  readonly text: string;
  readonly read: number;
  /** A line of an AUTH exchange, decoded. */
  decoded?: string;
}

/** The record of a connection. */
export interface ConnectionNotes {
  readonly n: number;
  readonly commands: readonly Command[];
  readonly contents: readonly ContentRecord[];
  readonly tls: Pick<ConnectionTranscript, 'tls' | 'handshake_error' | 'behind_starttls'>;
  readonly partialLine: string;
  readonly end: string;
  /** Password that DIGEST-MD5 responses are checked with. */
  readonly password: string | undefined;
}

/** Returns the record in the form that tests compare. */
export function composeTranscript(notes: ConnectionNotes): ConnectionTranscript {
  const { n, contents, partialLine, end } = notes;
  const lines = notes.commands.map((command) => shown(command, notes.password));
  const decoded = lines.flatMap((line) => line.decoded ?? []);
  const digests = lines.flatMap((line) => line.digestRight ?? []);
  return {
    n,
    commands: lines.map((line) => line.text),
    commands_by_read: groupByRead(lines),
    contents,
    ...(decoded.length > 0 && { auth_decoded: decoded }),
    ...(digests.length > 0 && { digest_response_correct: !digests.includes(false) }),
    ...notes.tls,
    ...(partialLine !== '' && { partial_line: partialLine }),
    end,
  };
}

// A DIGEST-MD5 response contains a random cnonce: it is shown without everything that depends on it.
function shown(command: Command, password: string | undefined): Command & { readonly digestRight?: boolean } {
  const fields = parseDigestResponse(command.decoded ?? '');
  const { cnonce, response } = fields;
  if (command.decoded === undefined || !cnonce) return command;
  return {
    text: '{digest-md5 response}',
    read: command.read,
    decoded: command.decoded.replace(cnonce, '{cnonce}').replace(response ?? '', '{response}'),
    ...(password !== undefined && { digestRight: isDigestRight(fields, password) }),
  };
}

function groupByRead(commands: readonly Command[]): string[][] {
  const lines = commands.filter((command) => !command.text.startsWith('<'));
  const reads = Map.groupBy(lines, (line) => line.read);
  return [...reads.values()].map((together) => together.map((line) => line.text));
}
