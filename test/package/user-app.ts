/** CDK apps of users, in folders of their own. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ended, PlainNode } from './plain-node.ts';

/** An app, under its Node. */
class UserApp {
  readonly folder: string;
  readonly #node: PlainNode;

  constructor(folder: string, node: PlainNode) {
    this.folder = folder;
    this.#node = node;
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

  /** Runs a program that is installed in the app, as npx does, which takes half a second more to find it. */
  installed(program: string, ...args: readonly string[]): Promise<Ended> {
    return this.run(join('node_modules/.bin', program), ...args);
  }

  /** Runs the command line. */
  lambdaLmtp(...args: readonly string[]): Promise<Ended> {
    return this.installed('lambda-lmtp', ...args);
  }
}

/** An app that begins with an empty folder. */
export class EmptyApp extends UserApp {
  constructor(folder: string, node: PlainNode) {
    super(folder, node);
    this.write('package.json', '{ "private": true, "type": "module" }');
  }

  /** What the compiler says of files, under options besides `strict`; empty if they are right. */
  async compile(options: Readonly<Record<string, unknown>>, files: readonly string[]): Promise<string> {
    const compilerOptions = { strict: true, target: 'es2022', outDir: 'out', rootDir: '.', ...options };
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
    const { code, stdout, stderr } = await this.installed('tsc');
    return code === 0 ? stdout : stdout + stderr;
  }
}

/** An app that begins with the files of an example. */
export class CopiedExample extends UserApp {
  constructor(folder: string, node: PlainNode, example: string) {
    super(folder, node);
    cpSync(example, folder, { recursive: true, errorOnExist: true, force: false });
  }
}
