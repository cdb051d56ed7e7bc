/**
 * An LMTP server of Python's aiosmtpd: no PIPELINING, no enhanced status codes, and, if its handler was written
 * for SMTP, one reply after the dot for all recipients. Debian 12's python3-aiosmtpd.
 *
 *     await using server = await startAiosmtpd({ final: '250 OK' });
 */
import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** Debian packages that the server needs. */
export const aiosmtpdPackages = ['python3-aiosmtpd'] as const;

/** Debian's Python, which has Debian's packages. */
const python = '/usr/bin/python3';
const library = '/usr/lib/python3/dist-packages/aiosmtpd/lmtp.py';

const script = 'aiosmtpd-server.py';

export interface AiosmtpdOptions {
  /** Replies to RCPT, by recipient; other recipients are accepted. */
  readonly rcpt?: Readonly<Record<string, string>>;
  /** Replies after the dot: by recipient (250 for others), or once for all. */
  readonly final?: Readonly<Record<string, string>> | string;
  /** Octets of the largest accepted message. Default: aiosmtpd's own, 33554432. */
  readonly sizeLimit?: number;
  /** Seconds after which it closes an idle connection, without a reply. Default: aiosmtpd's own, 300. */
  readonly timeout?: number;
  /** Passwords by user: every client needs one, and TLS. Default: no authentication. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** PEM; with it STARTTLS is offered. Default: none. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** A message that the server received, whatever its replies. */
export interface AiosmtpdMessage {
  readonly sender: string;
  /** ESMTP parameters of MAIL. */
  readonly options: readonly string[];
  readonly recipients: readonly string[];
  /** One character for each octet. */
  readonly content: string;
}

export interface Aiosmtpd extends ServerProcess {
  /** In next-hop syntax. */
  readonly destination: string;
  /** In order. */
  messages(): Promise<readonly AiosmtpdMessage[]>;
}

/** Whether aiosmtpd is installed. */
export function isAiosmtpdInstalled(): boolean {
  return existsSync(python) && existsSync(library);
}

/** Starts a server and waits until it greets. */
export async function startAiosmtpd(options: AiosmtpdOptions = {}): Promise<Aiosmtpd> {
  const { rcpt = {}, final = {}, sizeLimit, timeout, accounts, certificate } = options;
  const hasCertificate = certificate !== undefined;
  const settings = { rcpt, final, data_size_limit: sizeLimit, timeout, accounts, has_certificate: hasCertificate };
  const server = await startServerProcess({
    name: 'aiosmtpd',
    // The user that it runs as may have no access to the project.
    prepare: async ({ directory }) => {
      await copyFile(join(import.meta.dirname, script), join(directory, script));
      if (certificate === undefined) return;
      await writeFile(join(directory, 'cert.pem'), certificate.cert);
      await writeFile(join(directory, 'key.pem'), certificate.key);
    },
    command: ({ port }) => [python, script, String(port), JSON.stringify(settings)],
  });
  return {
    ...server,
    destination: `inet:[127.0.0.1]:${server.port}`,
    messages: async () => {
      // There is no file before the first message.
      const text = await readFile(join(server.directory, 'messages'), 'utf8').catch(() => '');
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as AiosmtpdMessage]));
    },
  };
}
