/**
 * A configuration from one stream: what `postconf -n` and `postconf -M` print, or files with their names, as `tail -v -n +1` and `head
 * -v` print them.
 *
 *     ==> /etc/postfix/main.cf <==
 *     virtual_transport = lmtp:inet:dovecot.internal:24
 *
 *     ==> /etc/postfix/transport <==
 *     example.com lmtp:inet:dovecot.internal:24
 */

import { logicalLines } from '../maps/logical-lines.ts';
import { serviceLine } from './master-cf.ts';

/** The parts of a stream. */
export interface Sections {
  readonly main: string;
  readonly master: string;
  /** The other files, by path. */
  readonly files: ReadonlyMap<string, string>;
}

/** Splits a stream. Lines before the first name of a file are main.cf, or master.cf where they have its columns. */
export function splitSections(stream: string): Sections {
  const files = new Map<string, string>();
  const parts = stream.replaceAll('\r\n', '\n').split(/^==> (.+) <==\n?/m);
  const { main, master } = splitKinds(parts[0] ?? '');
  const texts = { main, master };
  for (let at = 1; at < parts.length; at += 2) {
    const path = parts[at] ?? '';
    const text = parts[at + 1] ?? '';
    if (/(?:^|\/)main\.cf$/.test(path)) texts.main += `\n${text}`;
    else if (/(?:^|\/)master\.cf$/.test(path)) texts.master += `\n${text}`;
    else files.set(path, text);
  }
  return { ...texts, files };
}

function splitKinds(text: string): { readonly main: string; readonly master: string } {
  const lines = logicalLines(text).map((line) => line.text);
  return {
    main: lines.filter((line) => !serviceLine.test(line)).join('\n'),
    master: lines.filter((line) => serviceLine.test(line)).join('\n'),
  };
}
