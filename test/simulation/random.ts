/** Repeatable random numbers: the same seed draws the same numbers. */

/** A random number generator (sfc32, as in PractRand). */
export class Random {
  #a: number;
  #b: number;
  #c = 0x9e3779b9;
  #counter = 1;

  /** @param seed a whole number of 32 bits */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = (seed ^ 0x5bd1e995) | 0;
    // The first numbers still depend too much on the seed.
    for (let n = 0; n < 15; n += 1) this.next();
  }

  /** Returns a number from 0 up to, not including, 1. */
  readonly next = (): number => {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };

  /** Returns a number from `least` up to, not including, `most`. */
  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** Returns a whole number from `least` to `most`. */
  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1));
  }

  /** Returns whether an event of that probability happens, from 0 to 1. Draws nothing for 0. */
  chance(often: number): boolean {
    return often > 0 && this.next() < often;
  }
}
