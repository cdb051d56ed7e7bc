/**
 * A mail server as a separate program: started in a fresh directory at a free port, waited for until it
 * greets, and ended at once with all its processes.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { waitUntil } from './wait-until.ts';

/** The user that a server runs as. */
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
  /** Its own directory, which its user owns. */
  readonly directory: string;
  readonly owner: Owner;
}

/** How to start a program. */
export interface ServerProgram {
  /** Its name in messages. */
  readonly name: string;
  /** Writes its files into its directory. */
  readonly prepare?: (place: ServerPlace) => Promise<void>;
  /** Program and arguments; it must stay in the foreground. The directory is its current one. */
  readonly command: (place: ServerPlace) => readonly [string, ...string[]];
  /**
   * The sign that it is ready. Default: any line that begins with 220, 4xx or 5xx from its port. For a server
   * that closes at once, an accepted connection is sufficient.
   */
  readonly ready?: 'greets' | 'accepts';
  /** Whether it must run as root, since it changes to the users that it delivers to. Default: no. */
  readonly asRoot?: boolean;
}

export interface ServerProcess extends ServerPlace, AsyncDisposable {
  /** Resolves when it has ended, by itself or stopped, to a description of how. */
  readonly ended: Promise<string>;
  /** Its output on stdout and stderr so far. */
  output(): Promise<string>;
  /** Ends all its processes at once and removes its directory. */
  stop(): Promise<void>;
}

/** Returns the user of a server: that of the tests, or, if that is root, `nobody` unless it must be root. */
function chooseOwner({ asRoot = false }: ServerProgram): Owner {
  const name = isRoot() && !asRoot ? 'nobody' : userInfo().username;
  const ask = (...options: string[]) => execFileSync('id', [...options, name], { encoding: 'utf8' }).trim();
  return { name, group: ask('--group', '--name'), uid: Number(ask('--user')), gid: Number(ask('--group')) };
}

/**
 * Starts a server.
 *
 * @throws Error with its output if it does not get ready
 */
export async function startServerProcess(program: ServerProgram): Promise<ServerProcess> {
  const owner = chooseOwner(program);
  const directory = await mkdtemp(join(tmpdir(), `${program.name}-`));
  const place: ServerPlace = { port: await freePort(), directory, owner };
  await program.prepare?.(place);
  if (isRoot()) execFileSync('chown', ['--recursive', `${owner.uid}:${owner.gid}`, directory]);
  const { child, ended } = await launch(program.command(place), place);
  running.add(child);
  const stop = async () => {
    running.delete(child);
    if (killGroup(child)) await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const output = () => readFile(join(directory, 'output'), 'utf8').catch(() => '');
  try {
    await waitUntilReady(program, place, ended);
  } catch (cause) {
    const said = await output();
    await stop();
    throw new Error(`${program.name} does not start: ${said}`, { cause });
  }
  return { ...place, ended, output, stop, [Symbol.asyncDispose]: stop };
}

// Also if the tests end without having stopped them.
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) killGroup(child);
});

/** Whether root runs the tests. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

interface Launched {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
}

/** Starts the program in a separate process group, so that all its processes can be ended together. */
async function launch([program, ...args]: readonly [string, ...string[]], place: ServerPlace): Promise<Launched> {
  const { directory, owner } = place;
  const output = await open(join(directory, 'output'), 'w');
  const child = spawn(program, args, {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory, LC_ALL: 'C' },
    stdio: ['ignore', output.fd, output.fd],
    detached: true,
    ...(isRoot() && { uid: owner.uid, gid: owner.gid }),
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
    child.once('error', ({ message }) => resolve(message));
  });
  await output.close();
  return { child, ended };
}

async function waitUntilReady(program: ServerProgram, { port }: ServerPlace, ended: Promise<string>): Promise<void> {
  const { name, ready = 'greets' } = program;
  const look = ready === 'greets' ? greets : accepts;
  let failure: string | undefined;
  void ended.then((words) => {
    failure = words;
  });
  await waitUntil(`${name} ${ready} at port ${port}`, () => {
    if (failure !== undefined) throw new Error(failure);
    return look({ port, host: '127.0.0.1' });
  });
}

/** Whether a mail server sends the first line there, even a refusal. */
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
function killGroup({ pid, exitCode, signalCode }: ChildProcess): boolean {
  if (pid === undefined || exitCode !== null || signalCode !== null) return false;
  return process.kill(-pid, 'SIGKILL');
}
