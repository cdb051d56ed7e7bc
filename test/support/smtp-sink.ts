/**
 * Postfix's own test server, smtp-sink(1), speaking LMTP: it has options for many faults, and records every message with the
 * arguments of MAIL and RCPT. Debian 12's postfix.
 *
 *     await using sink = await startSmtpSink(['-r', 'RCPT']);
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** Debian packages that the server needs. */
export const smtpSinkPackages = ['postfix'] as const;

const program = '/usr/sbin/smtp-sink';

/** A message that the sink received, with its envelope as sent. */
export interface SunkMessage {
  /** What followed MAIL. */
  readonly mail: string;
  /** What followed each RCPT. */
  readonly rcpts: readonly string[];
  /** Header and body, line ends LF, without the sink's own additions. */
  readonly content: string;
}

export interface SmtpSink extends ServerProcess {
  /** In next-hop syntax. */
  readonly destination: string;
  /** The received messages, in order. */
  messages(): Promise<readonly SunkMessage[]>;
}

/** Whether smtp-sink is installed. */
export function isSmtpSinkInstalled(): boolean {
  return existsSync(program);
}

/**
 * Starts a sink and waits until it greets, or, if it closes before it greets, accepts connections.
 *
 * @param options those of smtp-sink(1), beside `-L` and `-D`
 */
export async function startSmtpSink(options: readonly string[] = []): Promise<SmtpSink> {
  const server = await startServerProcess({
    name: 'smtp-sink',
    command: ({ port }) => [program, '-L', ...options, '-D', 'dump', `inet:127.0.0.1:${port}`, '64'],
    ready: 'accepts',
  });
  const dump = join(server.directory, 'dump');
  return {
    ...server,
    destination: `inet:[127.0.0.1]:${server.port}`,
    // There is no file before the first message.
    messages: async () => parseDump(await readFile(dump, 'utf8').catch(() => '')),
  };
}

/** One dump after another in one file, each with the envelope and a trace before it and an empty line after it. */
function parseDump(text: string): readonly SunkMessage[] {
  const dumps = text.split(/^(?=X-Client-Addr: )/m).filter((dump) => dump !== '');
  return dumps.map((dump) => {
    const received = /^Received: .*\n(?:\t.*\n)*/m.exec(dump);
    if (received === null) throw new Error(`not a dump of smtp-sink: ${dump}`);
    const values = (name: string) =>
      [...dump.slice(0, received.index).matchAll(new RegExp(`^${name}: (.*)$`, 'gm'))].map(([, value = '']) => value);
    return {
      mail: values('X-Mail-Args')[0] ?? '',
      rcpts: values('X-Rcpt-Args'),
      content: dump.slice(received.index + received[0].length, -1),
    };
  });
}
