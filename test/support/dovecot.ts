/**
 * A real Dovecot that accepts mail by LMTP and files it into Maildirs: Debian 12's dovecot-core and dovecot-lmtpd.
 *
 *     await using dovecot = await startDovecot({ users: ['alice', { name: 'full', quota: 'bytes=1' }] });
 *     // deliver to inet:127.0.0.1:{dovecot.port}
 *     await dovecot.maildir('alice')
 *
 * Each has its own directory, port and processes, all of one ordinary user: that of the tests, or `nobody` if that is root.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { composeDovecotConfiguration, type DovecotPlace, type DovecotSettings } from './dovecot-configuration.ts';
import { freePort } from './free-port.ts';
import { waitUntil } from './wait-until.ts';

/** The domain of all users. */
export const dovecotDomain = 'dovecot.test';

/** Debian packages that the server needs. */
export const dovecotPackages = ['dovecot-core', 'dovecot-lmtpd'] as const;

/** Where Debian installs them. */
const program = '/usr/sbin/dovecot';
const lmtpProgram = '/usr/lib/dovecot/lmtp';

/** A user with a mailbox. */
export interface DovecotUser {
  /** Local part of the address. */
  readonly name: string;
  /** Size of the mailbox, for example `bytes=500` or `messages=1`. Default: plenty. */
  readonly quota?: string;
}

export interface DovecotOptions extends DovecotSettings {
  /** All other recipients are unknown and refused at RCPT with 550 5.1.1. Default: alice and bob. */
  readonly users?: readonly (string | DovecotUser)[];
}

export interface Dovecot extends AsyncDisposable {
  /** Port at 127.0.0.1. */
  readonly port: number;
  /** Another, with TLS from the first octet; closed if the server has no certificate. */
  readonly tlsPort: number;
  /** The same server at a unix-domain socket. */
  readonly path: string;
  /** Contains all files of the server. */
  readonly directory: string;
  /** Adds a user with a mailbox while the server runs. */
  addUser(user: string | DovecotUser): Promise<void>;
  /** The files of a mailbox as stored, in the order of delivery; line ends are LF. */
  maildir(name: string): Promise<Buffer[]>;
  /** What the server has logged so far. */
  log(): Promise<string>;
  /** Ends all its processes at once and removes its directory. */
  stop(): Promise<void>;
}

/** Whether Dovecot is installed. */
export function isDovecotInstalled(): boolean {
  return existsSync(program) && existsSync(lmtpProgram);
}

/**
 * Starts a server and waits until it greets.
 *
 * @throws Error with the log if it does not
 */
export async function startDovecot(options: DovecotOptions = {}): Promise<Dovecot> {
  const owner = chooseOwner();
  const directory = await mkdtemp(join(tmpdir(), 'dovecot-'));
  const ports = { port: await freePort(), tlsPort: await freePort() };
  const place: DovecotPlace = { directory, ...ports, user: owner.name, group: owner.group };
  await mkdir(join(directory, 'users'));
  for (const user of options.users ?? ['alice', 'bob']) await addUser(directory, user);
  await writeFile(join(directory, 'dovecot.conf'), composeDovecotConfiguration(place, options));
  for (const name of ['cert', 'key'] as const) {
    if (options.certificate !== undefined) await writeFile(join(directory, `${name}.pem`), options.certificate[name]);
  }
  await chown(directory, owner.uid, owner.gid);

  // A separate process group, so that all processes of this server can be ended together.
  const { uid, gid } = owner;
  const output = await open(join(directory, 'output'), 'w');
  const master = spawn(program, ['-F', '-c', join(directory, 'dovecot.conf')], {
    stdio: ['ignore', output.fd, output.fd],
    detached: true,
    ...(process.getuid?.() === 0 && { uid, gid }),
  });
  await output.close();
  // Also if the tests end without having stopped it.
  const kill = () => killGroup(master);
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    if (kill()) await once(master, 'exit');
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await waitForGreeting(master, place);
  } catch (cause) {
    const said = (await readText(directory, 'output')) + (await readText(directory, 'log'));
    await stop();
    throw new Error(`Dovecot does not start: ${said}`, { cause });
  }
  return {
    ...ports,
    path: join(directory, 'run/lmtp'),
    directory,
    addUser: (user) => addUser(directory, user),
    maildir: (name) => readMaildir(join(directory, 'mail', name, 'Maildir/new')),
    log: () => readText(directory, 'log'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Owner {
  readonly name: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

function chooseOwner(): Owner {
  const name = process.getuid?.() === 0 ? 'nobody' : userInfo().username;
  const ask = (option: string) => execFileSync('id', [option, name], { encoding: 'utf8' }).trim();
  const group = execFileSync('id', ['--group', '--name', name], { encoding: 'utf8' }).trim();
  return { name, group, uid: Number(ask('--user')), gid: Number(ask('--group')) };
}

/**
 * Makes the passwd-file of one user: user:password:uid:gid:gecos:home:shell:extra fields. One file each,
 * since Dovecot checks a file for changes at most once a second.
 */
async function addUser(directory: string, user: string | DovecotUser): Promise<void> {
  const { name, quota }: DovecotUser = typeof user === 'string' ? { name: user } : user;
  const address = `${name}@${dovecotDomain}`;
  const extra = quota === undefined ? '' : `userdb_quota_rule=*:${quota}`;
  await writeFile(join(directory, 'users', address), `${address}:::::::${extra}\n`);
}

async function waitForGreeting(master: ChildProcess, { port, directory }: DovecotPlace): Promise<void> {
  const failed = once(master, 'error').then(([error]) => Promise.reject(error));
  await Promise.race([
    failed,
    waitUntil(`Dovecot in ${directory} greets at port ${port}`, () => {
      if (master.exitCode !== null) throw new Error(`it ended with exit code ${master.exitCode}`);
      return greets(port);
    }),
  ]);
}

/** Whether an LMTP server greets there. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('data', (octets) => {
      resolve(octets.toString().startsWith('220 '));
      socket.end('QUIT\r\n');
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/**
 * Ends all processes of a server; false if there are none. SIGTERM would take seconds, since the master waits
 * for each of the others.
 */
function killGroup(master: ChildProcess): boolean {
  if (master.pid === undefined || master.exitCode !== null || master.signalCode !== null) return false;
  return process.kill(-master.pid, 'SIGKILL');
}

function readText(directory: string, file: string): Promise<string> {
  return readFile(join(directory, file), 'utf8').catch(() => '');
}

async function readMaildir(directory: string): Promise<Buffer[]> {
  const names = await readdir(directory).catch(() => []);
  // Names begin with seconds and microseconds, the latter without leading zeros: 1795332658.M52P7.host
  const inOrder = names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return Promise.all(inOrder.map((name) => readFile(join(directory, name))));
}
