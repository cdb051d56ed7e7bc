/**
 * A message as it must lie in the Maildir, below the store's own header lines, told from what was submitted: LF line ends, the
 * last line ended, a CR that ends no line a blank (cleanup_replace_stray_cr_lf), and lines over `lmtp_line_length_limit` cut, each next piece after a blank (Postfix smtp_proto.c).
 *
 * Written apart from the code that does it, so that one can be held against the other.
 *
 * @param lineLimit octets, without the line end
 */
export function contentAsFiled(submitted: Buffer, lineLimit = 998): Buffer {
  const lines = submitted
    .toString('latin1')
    .split(/\r?\n/)
    .map((line) => line.replaceAll('\r', ' '));
  if (lines.at(-1) === '') lines.pop();
  const pieces = lines.flatMap((line) => [
    line.slice(0, lineLimit),
    ...(line.slice(lineLimit).match(new RegExp(`.{1,${lineLimit - 1}}`, 'gs')) ?? []).map((piece) => ` ${piece}`),
  ]);
  return Buffer.from(pieces.map((piece) => `${piece}\n`).join(''), 'latin1');
}

/** Takes off what the store put on top: Return-Path, and Delivered-To. */
export function withoutTopLines(filed: Buffer): Buffer {
  return Buffer.from(filed.toString('latin1').replace(/^(?:(?:Return-Path|Delivered-To): .*\n)*/, ''), 'latin1');
}
