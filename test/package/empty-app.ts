/** A CDK app of somebody else, in a folder where there was nothing. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ended, PlainNode } from './plain-node.ts';

/** The app, under its Node. */
export class EmptyApp {
  readonly folder: string;
  readonly #node: PlainNode;

  constructor(folder: string, node: PlainNode) {
    this.folder = folder;
    this.#node = node;
    this.write('package.json', '{ "private": true, "type": "module" }');
  }

  /** Writes a file, by its path in the app. */
  write(name: string, content: string): void {
    const file = join(this.folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /**
   * Installs packages, and nothing that does not run on this Node.
   *
   * @throws RegistryError
   */
  async install(...packages: readonly string[]): Promise<void> {
    await this.#node.npm(this.folder, 'install', '--engine-strict', ...packages);
  }

  /** Runs a program to its end. */
  run(command: string, ...args: readonly string[]): Promise<Ended> {
    return this.#node.run(this.folder, command, ...args);
  }

  /** Runs the command line, as `npx lambda-lmtp`. */
  lambdaLmtp(...args: readonly string[]): Promise<Ended> {
    return this.run('npx', '--no-install', 'lambda-lmtp', ...args);
  }

  /** What the compiler says of files, under options besides `strict`; empty if they are right. */
  async compile(options: Readonly<Record<string, unknown>>, files: readonly string[]): Promise<string> {
    const compilerOptions = { strict: true, target: 'es2022', outDir: 'out', rootDir: '.', ...options };
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
    const { code, stdout, stderr } = await this.run('npx', '--no-install', 'tsc');
    return code === 0 ? stdout : stdout + stderr;
  }
}
