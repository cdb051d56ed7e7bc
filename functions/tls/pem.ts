/** PEM (RFC 7468): text with blocks between BEGIN and END. */

/** A block with its two lines. */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, ... */
  readonly label: string;
  readonly text: string;
}

/** The blocks of a text, in order. Whatever stands between them is explanation. */
export function pemBlocks(text: string): readonly PemBlock[] {
  const blocks = text.matchAll(/^-----BEGIN ([^-\r\n]+)-----[ \t]*\r?\n[^-]*(?:-(?!----END)[^-]*)*-----END \1-----/gm);
  return [...blocks].map(([block, label = '']) => ({ label, text: `${block}\n` }));
}
