/**
 * Collects octets that are written in small pieces, in memory that depends on their number and not on the number of pieces.
 *
 * A Buffer takes some hundred octets beside its content. So the two buffers of each line of a message with short lines would take a
 * hundred times as much as the message.
 */

/** A piece of at least this size is kept as a view, which takes about as much memory; smaller ones are copied. */
const large = 64;

/** The largest buffer for copies. */
const largestRoom = 256 * 1024;

const nothing = Buffer.alloc(0);

/** Collects octets until they are taken. */
export class OctetWriter {
  #parts: Buffer[] = [];
  #length = 0;
  /** The buffer that small pieces are copied to; from #from to #to are the last of them. */
  #room: Buffer = nothing;
  #from = 0;
  #to = 0;

  /** Adds pieces. A large one must not be changed before the octets are taken. */
  push(...pieces: readonly Buffer[]): void {
    for (const piece of pieces) this.write(piece, 0, piece.length);
  }

  /** Adds a part of a buffer. */
  write(octets: Buffer, from: number, to: number): void {
    const length = to - from;
    if (length >= large) {
      this.#endCopies();
      this.#parts.push(octets.subarray(from, to));
    } else if (length > 0) {
      if (length > this.#room.length - this.#to) this.#makeRoom(length);
      octets.copy(this.#room, this.#to, from, to);
      this.#to += length;
    }
    this.#length += length;
  }

  /** Returns the octets so far, and begins anew. A single large piece is returned without a copy. */
  take(): Buffer {
    const [first] = this.#parts;
    const isLargePiece = first !== undefined && first.length === this.#length && first.buffer !== this.#room.buffer;
    this.#endCopies();
    const octets = isLargePiece ? first : Buffer.concat(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    // The octets were copied out of the room, which serves again.
    this.#from = 0;
    this.#to = 0;
    return octets;
  }

  /** Each buffer is twice as large as the one before, up to a limit, so that little content takes little. */
  #makeRoom(length: number): void {
    this.#endCopies();
    const size = Math.min(largestRoom, Math.max(256, 2 * this.#room.length));
    this.#room = Buffer.allocUnsafeSlow(Math.max(size, length));
    this.#from = 0;
    this.#to = 0;
  }

  #endCopies(): void {
    if (this.#to > this.#from) this.#parts.push(this.#room.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
