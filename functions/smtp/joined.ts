/** Buffers as one. */

/** Returns the octets of buffers as one; a single buffer is returned as it is, without a copy. */
export function joined(buffers: readonly Buffer[]): Buffer {
  const [first] = buffers;
  return buffers.length === 1 && first !== undefined ? first : Buffer.concat(buffers);
}
