/**
 * Lines of a stream, as octets and without their LF. Only LF ends a line: JSON may contain U+2028, and treats a CR before the LF
 * as white space.
 */

const LF = 0x0a;

/** Yields lines as they are read; the last one needs no LF. */
export async function* readLines(input: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let partial: Buffer[] = [];
  for await (const chunk of input) {
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      yield Buffer.concat([...partial, chunk.subarray(from, end)]);
      partial = [];
      from = end + 1;
    }
    partial.push(chunk.subarray(from));
  }
  yield Buffer.concat(partial);
}
