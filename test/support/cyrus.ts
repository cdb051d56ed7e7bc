/**
 * A real Cyrus that accepts mail by LMTP: Debian 12's cyrus-imapd.
 *
 *     await using cyrus = await startCyrus({ users: ['alice', { name: 'full', kibibytes: 1 }] });
 *     // deliver to cyrus.destination, for alice@cyrus.test
 *     await cyrus.mailbox('alice')
 *
 * Its LMTP port trusts every client. It may have a second one, which requires authentication:
 *
 *     await using cyrus = await startCyrus({ guarded: { accounts: { postman: 'secret' }, certificate } });
 *     // deliver to cyrus.guardedDestination
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  composeCyrusConf,
  composeGuardLines,
  composeImapdConf,
  cyrusAdministrator,
  cyrusFolders,
  cyrusName,
} from './cyrus-configuration.ts';
import { openImap } from './cyrus-imap.ts';
import { freePort } from './free-port.ts';
import { type ServerPlace, type ServerProcess, startServerProcess } from './server-process.ts';

/** Debian packages that the server needs. */
export const cyrusPackages = ['cyrus-imapd', 'sasl2-bin', 'libsasl2-modules'] as const;

const program = '/usr/lib/cyrus/bin/master';
const services = ['/usr/lib/cyrus/bin/lmtpd', '/usr/lib/cyrus/bin/imapd'];
/** Of sasl2-bin: stores passwords. */
const passwordProgram = '/usr/sbin/saslpasswd2';

/** A user with a mailbox. */
export interface CyrusUser {
  /** Local part of the address; Cyrus ignores the domain. */
  readonly name: string;
  /** Size of the mailbox. Default: unlimited. */
  readonly kibibytes?: number;
}

/** An LMTP port that requires authentication. */
export interface GuardedPort {
  /** Passwords of clients that may deliver, by user. */
  readonly accounts: Readonly<Record<string, string>>;
  /** PEM; with it STARTTLS is offered. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

export interface CyrusOptions {
  /** All other recipients are unknown and refused at RCPT with 550 5.1.1. Default: alice, bob and carol. */
  readonly users?: readonly (string | CyrusUser)[];
  /** Further lines of imapd.conf. */
  readonly furtherLines?: readonly string[];
  /** Default: there is no such port. */
  readonly guarded?: GuardedPort;
}

export interface Cyrus extends ServerProcess {
  /** Its LMTP port, in next-hop syntax. */
  readonly destination: string;
  /** Its guarded LMTP port, or the other one if there is none. */
  readonly guardedDestination: string;
  /** The messages of a mailbox as Cyrus stores them, in the order of delivery; line ends are CRLF. */
  mailbox(name: string): Promise<readonly Buffer[]>;
}

/** Whether Cyrus is installed. */
export function isCyrusInstalled(): boolean {
  return [program, ...services, passwordProgram].every((path) => existsSync(path));
}

/**
 * Starts a server and waits until it greets and all mailboxes exist.
 *
 * @throws Error with its output if it does not
 */
export async function startCyrus(options: CyrusOptions = {}): Promise<Cyrus> {
  const guardedPort = options.guarded === undefined ? undefined : await freePort();
  const server = await startServerProcess({
    name: 'cyrus',
    prepare: (place) => prepare(place, guardedPort, options),
    command: ({ directory }) => [
      program,
      ...['-C', join(directory, 'imapd.conf'), '-M', join(directory, 'cyrus.conf')],
      ...['-p', join(directory, 'run/master.pid'), '-L', join(directory, 'master.log')],
    ],
  });
  const socket = join(server.directory, 'run/imap');
  try {
    await makeMailboxes(socket, options.users ?? ['alice', 'bob', 'carol']);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    ...server,
    destination: `inet:[127.0.0.1]:${server.port}`,
    guardedDestination: `inet:[127.0.0.1]:${guardedPort ?? server.port}`,
    mailbox: (name) => readMailbox(socket, name),
  };
}

async function prepare(place: ServerPlace, guardedPort: number | undefined, options: CyrusOptions): Promise<void> {
  const { furtherLines = [], guarded } = options;
  const { directory } = place;
  for (const folder of cyrusFolders) await mkdir(join(directory, folder), { recursive: true });
  const guardLines = guarded === undefined ? [] : await prepareGuard(directory, guarded);
  await writeFile(join(directory, 'imapd.conf'), composeImapdConf(place, [...guardLines, ...furtherLines]));
  await writeFile(join(directory, 'cyrus.conf'), composeCyrusConf(place, guardedPort));
}

/** Writes the accounts, and the certificate. */
async function prepareGuard(directory: string, { accounts, certificate }: GuardedPort): Promise<readonly string[]> {
  for (const [user, password] of Object.entries(accounts)) {
    const options = ['-p', '-c', '-f', join(directory, 'sasldb'), '-u', cyrusName, user];
    execFileSync(passwordProgram, options, { input: `${password}\n`, stdio: ['pipe', 'ignore', 'pipe'] });
  }
  if (certificate !== undefined) {
    await writeFile(join(directory, 'cert.pem'), certificate.cert);
    await writeFile(join(directory, 'key.pem'), certificate.key);
  }
  return composeGuardLines(directory, Object.keys(accounts), certificate !== undefined);
}

async function makeMailboxes(socket: string, users: readonly (string | CyrusUser)[]): Promise<void> {
  await using imap = await openImap(socket, cyrusAdministrator);
  for (const user of users) {
    const { name, kibibytes }: CyrusUser = typeof user === 'string' ? { name: user } : user;
    await imap.command(`CREATE user.${name}`);
    if (kibibytes !== undefined) await imap.command(`SETQUOTA user.${name} (STORAGE ${kibibytes})`);
  }
}

async function readMailbox(socket: string, name: string): Promise<readonly Buffer[]> {
  await using imap = await openImap(socket, name);
  const { untagged } = await imap.command('EXAMINE INBOX');
  if (untagged.some((line) => /^\* 0 EXISTS/.test(line))) return [];
  const { literals } = await imap.command('FETCH 1:* BODY.PEEK[]');
  return literals;
}
