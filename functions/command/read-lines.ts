/**
 * Lines out of a stream, as octets and without their LF. Nothing else ends a line: JSON may hold U+2028 as it is, and a CR
 * before the LF is blank space to it.
 */

const LF = 0x0a;

/** Reads lines as they come; the last one needs no line end. */
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
