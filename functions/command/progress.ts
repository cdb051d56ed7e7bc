/**
 * How far a long piece of work is: one line on standard error that is written over, where that is a terminal; a line every
 * few seconds, where it is not and somebody asked for it.
 */

import type { Run } from './run.ts';

/** Milliseconds between two words about it. */
const intervals = { terminal: 200, file: 5000 } as const;

/** The progress of one piece of work. */
export class Progress {
  readonly #describe: (count: number) => string;
  readonly #stderr: Run['stderr'];
  readonly #isTerminal: boolean;
  readonly #isWanted: boolean;
  #shownAt = performance.now();
  #hasLine = false;

  /** @param describe the count in words */
  constructor({ stderr }: Run, { progress }: { readonly progress?: true }, describe: (count: number) => string) {
    this.#stderr = stderr;
    this.#isTerminal = stderr.isTTY === true;
    this.#describe = describe;
    this.#isWanted = this.#isTerminal || progress === true;
  }

  /** Notes how far it is. */
  readonly note = (count: number): void => {
    if (!this.#isWanted) return;
    const now = performance.now();
    if (now - this.#shownAt < (this.#isTerminal ? intervals.terminal : intervals.file)) return;
    this.#shownAt = now;
    this.#stderr.write(this.#isTerminal ? `\r\u001b[K${this.#describe(count)}` : `${this.#describe(count)}\n`);
    this.#hasLine = this.#isTerminal;
  };

  /** Takes the line away. */
  clear(): void {
    if (this.#hasLine) this.#stderr.write('\r\u001b[K');
    this.#hasLine = false;
  }
}
