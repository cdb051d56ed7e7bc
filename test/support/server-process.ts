/**
 * A mail server that is a program of its own: started in a fresh directory at a free port, waited for until it greets, and
 * ended at once with all its processes.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { waitUntil } from './wait-until.ts';

/** Whom a server runs as. */
export interface Owner {
  readonly name: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

/** Where a server runs. */
export interface ServerPlace {
  /** Port at 127.0.0.1. */
  readonly port: number;
  /** Its own, and its owner's. */
  readonly directory: string;
  readonly owner: Owner;
}

/** How to start a program. */
export interface ServerProgram {
  /** What people call it. */
  readonly name: string;
  /** Writes what it needs into its directory. */
  readonly prepare?: (place: ServerPlace) => Promise<void>;
  /** Program and arguments; it must stay in the foreground. The directory is its current one. */
  readonly command: (place: ServerPlace) => readonly [string, ...string[]];
  /**
   * What tells that it is ready. Default: any line that begins with 220, 4xx or 5xx comes from its port.
   * Where a server is to hang up on whoever connects, it is enough that it accepts.
   */
  readonly ready?: 'greets' | 'accepts';
}

export interface ServerProcess extends ServerPlace, AsyncDisposable {
  /** Resolves when it has ended, by itself or because it was stopped. */
  readonly ended: Promise<void>;
  /** What it has written to stdout and stderr so far. */
  output(): Promise<string>;
  /** Ends all its processes at once and removes its directory. */
  stop(): Promise<void>;
}

/**
 * Whom servers of tests run as: whoever runs the tests, or `nobody` if that is root.
 */
export function chooseOwner(): Owner {
  const name = isRoot() ? 'nobody' : userInfo().username;
  const ask = (...options: string[]) => execFileSync('id', [...options, name], { encoding: 'utf8' }).trim();
  return { name, group: ask('--group', '--name'), uid: Number(ask('--user')), gid: Number(ask('--group')) };
}

/**
 * Starts a server.
 *
 * @throws Error with its output if it does not get ready
 */
export async function startServerProcess(program: ServerProgram): Promise<ServerProcess> {
  const owner = chooseOwner();
  const directory = await mkdtemp(join(tmpdir(), `${program.name}-`));
  const place: ServerPlace = { port: await freePort(), directory, owner };
  await program.prepare?.(place);
  if (isRoot()) await giveAway(directory, owner);
  const child = await launch(program.command(place), place);
  // Also when the tests end without having stopped it.
  const kill = () => killGroup(child);
  process.once('exit', kill);
  const ended = once(child, 'exit').then(() => {});
  const stop = async () => {
    process.off('exit', kill);
    if (kill()) await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const output = () => readFile(join(directory, 'output'), 'utf8').catch(() => '');
  try {
    await waitUntilReady(program, place, child);
  } catch (cause) {
    const said = await output();
    await stop();
    throw new Error(`${program.name} does not start: ${said}`, { cause });
  }
  return { ...place, ended, output, stop, [Symbol.asyncDispose]: stop };
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

async function giveAway(directory: string, { name, group, uid, gid }: Owner): Promise<void> {
  await chown(directory, uid, gid);
  execFileSync('chown', ['--recursive', `${name}:${group}`, directory]);
}

/** Starts the program in a process group of its own, so that all its processes can be ended together. */
async function launch([program, ...args]: readonly [string, ...string[]], place: ServerPlace): Promise<ChildProcess> {
  const { directory, owner } = place;
  const output = await open(join(directory, 'output'), 'w');
  const child = spawn(program, args, {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory, LC_ALL: 'C' },
    stdio: ['ignore', output.fd, output.fd],
    detached: true,
    ...(isRoot() && { uid: owner.uid, gid: owner.gid }),
  });
  await output.close();
  return child;
}

async function waitUntilReady({ name, ready = 'greets' }: ServerProgram, { port }: ServerPlace, child: ChildProcess) {
  const look = ready === 'greets' ? greets : accepts;
  const failed = once(child, 'error').then(([error]) => Promise.reject(error));
  await Promise.race([
    failed,
    waitUntil(`${name} ${ready} at port ${port}`, () => {
      if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
      return look({ port, host: '127.0.0.1' });
    }),
  ]);
}

/** Whether a mail server speaks first there, be it to refuse. */
function greets(server: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(server);
    socket.once('data', (octets) => {
      resolve(/^(?:220|[45]\d\d)[ -]/.test(octets.toString()));
      socket.end('QUIT\r\n');
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

function accepts(server: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(server);
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}

/** Ends all processes of a server; false if there are none. */
function killGroup(child: ChildProcess): boolean {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
  return process.kill(-child.pid, 'SIGKILL');
}
