/**
 * Unread input of a client, with the read of the socket that brought each octet: commands of one read were
 * pipelined.
 */

/** A line, and the number of the read that brought its end. */
export interface ReceivedLine {
  readonly text: string;
  readonly read: number;
}

export class ReceivedOctets {
  #buffer: Buffer = Buffer.alloc(0);
  #received = 0;
  #taken = 0;
  #over = false;
  /** Offset in the whole stream where each read ended. */
  readonly #readEnds: number[] = [];
  #wake = Promise.withResolvers<void>();

  /** Unread octets. */
  get waiting(): Buffer {
    return this.#buffer;
  }

  /** Adds the octets of one read. */
  push(octets: Buffer): void {
    this.#received += octets.length;
    this.#readEnds.push(this.#received);
    this.#buffer = this.#buffer.length > 0 ? Buffer.concat([this.#buffer, octets]) : octets;
    this.#stir();
  }

  /** Marks the end of the input. */
  end(): void {
    this.#over = true;
    this.#stir();
  }

  /** Waits for more octets, or for the end. False after the end. */
  async more(): Promise<boolean> {
    if (this.#over) return false;
    await this.#wake.promise;
    return true;
  }

  /** Removes the first octets. */
  take(count: number): Buffer {
    const octets = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    this.#taken += octets.length;
    return octets;
  }

  /** The next line without its LF or CRLF, or undefined when the stream ended before it did. */
  async line(): Promise<ReceivedLine | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\n');
      if (end >= 0) {
        const line = this.take(end + 1).subarray(0, end);
        const text = line.at(-1) === 13 ? line.subarray(0, -1) : line;
        return { text: text.toString(), read: this.readOf(0) };
      }
      if (!(await this.more())) return undefined;
    }
  }

  /** Number, from 1, of the read that brought the last octet taken, or the octet `ahead` of it. */
  readOf(ahead: number): number {
    const index = this.#readEnds.findLastIndex((end) => end < this.#taken + ahead);
    return Math.min(index + 2, this.#readEnds.length);
  }

  /** Number of the newest read. */
  get lastRead(): number {
    return this.#readEnds.length;
  }

  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
