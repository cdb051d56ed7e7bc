/** Links of Markdown documents: the target of each, and whether it exists. */
import { posix } from 'node:path';

/** A link or a picture of a document. */
export interface DocumentLink {
  /** The document that contains it, by its path. */
  readonly from: string;
  /** The target file, by its path; the document itself for `#anchor`. */
  readonly file: string;
  readonly anchor: string | undefined;
}

/** Returns the links of a document to files, without those in code and on the web. */
export function linksOf(from: string, text: string): readonly DocumentLink[] {
  const prose = text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^https?:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    return [{ from, file: path === '' ? from : posix.join(posix.dirname(from), path), anchor }];
  });
}

/** Returns the anchors of a document: one for each heading, as Markdown viewers write them. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const prose = text.replaceAll(/^```.*?^```/gms, '');
  return new Set([...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchor(heading)));
}

function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/**
 * Returns the broken links.
 *
 * @param read the text of a file by its path; undefined for a missing file
 */
export function brokenLinks(
  documents: ReadonlyMap<string, string>,
  read: (file: string) => string | undefined,
): readonly string[] {
  return [...documents].flatMap(([from, text]) =>
    linksOf(from, text).flatMap(({ file, anchor: wanted }) => {
      const target = read(file);
      if (target === undefined) return [`${from}: there is no ${file}`];
      if (wanted === undefined || anchorsOf(target).has(wanted)) return [];
      return [`${from}: ${file} has no heading #${wanted}`];
    }),
  );
}
