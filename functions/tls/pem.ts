/** PEM (RFC 7468): text with blocks between BEGIN and END. */

/** A block with its BEGIN and END lines. */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, ... */
  readonly label: string;
  /** Lines with LF. */
  readonly text: string;
}

/** Returns the blocks of a text, in order. Text between them is ignored, and so is a block without an end. */
export function pemBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { readonly label: string; readonly lines: string[] } | undefined;
  for (const line of text.split(/\r?\n/).map((each) => each.trimEnd())) {
    const [, boundary, label = ''] = /^-----(BEGIN|END) ([^-]+)-----$/.exec(line) ?? [];
    if (boundary === 'BEGIN') open = { label, lines: [] };
    open?.lines.push(line);
    if (boundary !== 'END' || open === undefined) continue;
    if (open.label === label) blocks.push({ label, text: `${open.lines.join('\n')}\n` });
    open = undefined;
  }
  return blocks;
}
