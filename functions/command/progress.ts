/**
 * The progress of long work on standard error: on a terminal one line that is overwritten, else with `--progress` a line every few
 * seconds.
 */

import type { Run } from './run.ts';

/** Milliseconds between two updates. */
const intervals = { terminal: 200, file: 5000 } as const;

/** Shows the progress of one piece of work. */
export class Progress {
  readonly #describe: (count: number) => string;
  readonly #stderr: Run['stderr'];
  readonly #isTerminal: boolean;
  readonly #isWanted: boolean;
  #shownAt = performance.now();
  #hasLine = false;

  /** @param describe returns the text for a count */
  constructor({ stderr }: Run, { progress }: { readonly progress?: true }, describe: (count: number) => string) {
    this.#stderr = stderr;
    this.#isTerminal = stderr.isTTY === true;
    this.#describe = describe;
    this.#isWanted = this.#isTerminal || progress === true;
  }

  /** Notes a count, and shows it if an update is due. */
  readonly note = (count: number): void => {
    if (!this.#isWanted) return;
    const now = performance.now();
    if (now - this.#shownAt < (this.#isTerminal ? intervals.terminal : intervals.file)) return;
    this.#shownAt = now;
    this.#stderr.write(this.#isTerminal ? `\r\u001b[K${this.#describe(count)}` : `${this.#describe(count)}\n`);
    this.#hasLine = this.#isTerminal;
  };

  /** Clears the line. */
  clear(): void {
    if (this.#hasLine) this.#stderr.write('\r\u001b[K');
    this.#hasLine = false;
  }
}
