/**
 * Node on a user's machine: nothing of this project on its path, and npm's own registry and cache settings.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

export const project = resolve(import.meta.dirname, '../..');

/** What a program wrote, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Node with npm, in a folder. */
export class PlainNode {
  readonly #environment: NodeJS.ProcessEnv;

  /** @param folder where the program `node` is, and nothing else of this project */
  constructor(folder: string) {
    const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'));
    const inherited = Object.entries(process.env).filter(([name]) => !ours.test(name));
    this.#environment = { ...Object.fromEntries(inherited), PATH: [folder, ...path].join(delimiter) };
  }

  /** Runs a program to its end, while servers of this process may go on answering. */
  async run(cwd: string, command: string, ...args: readonly string[]): Promise<Ended> {
    const child = spawn(command, args, { cwd, env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const [[code], stdout, stderr] = await Promise.all([
      once(child, 'close') as Promise<[number | null]>,
      text(child.stdout),
      text(child.stderr),
    ]);
    return { code, stdout, stderr };
  }

  /**
   * Runs npm; resolves to what it wrote.
   *
   * @throws RegistryError where the registry cannot be asked; an error with npm's words where it fails otherwise
   */
  async npm(cwd: string, ...args: readonly string[]): Promise<string> {
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    const { code, stdout, stderr } = await this.run(cwd, 'npm', ...args, ...quiet);
    if (code === 0) return stdout;
    const words = `npm ${args.join(' ')}: ${stderr}`;
    throw (await this.#isUnreachable(cwd, words)) ? new RegistryError(words) : new Error(words);
  }

  /** npm, where it cannot ask, may complain of packages that do not fit together. */
  async #isUnreachable(cwd: string, words: string): Promise<boolean> {
    if (unreachable.test(words)) return true;
    const { stderr } = await this.run(cwd, 'npm', 'ping', '--loglevel=error');
    return unreachable.test(stderr);
  }
}

/** The registry of packages cannot be asked. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
}

/** Variables by which npm and Node's test runner know their own children. */
const ours =
  /^(?:PATH|INIT_CWD|NODE|NODE_OPTIONS|NODE_TEST_CONTEXT|CDK_.*|npm_(?:lifecycle|package|command|execpath|node_execpath|config_local_prefix).*)$/;

const unreachable = /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/;

/** The Node of this project's own dependencies. */
export const node24 = new PlainNode(join(project, 'node_modules/node/bin'));

/**
 * Installs a Node of another version into a folder.
 *
 * @throws RegistryError
 */
export async function installNode(folder: string, version: string): Promise<PlainNode> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await new PlainNode(dirname(process.execPath)).npm(folder, 'install', `node@${version}`);
  return new PlainNode(join(folder, 'node_modules/node/bin'));
}
