/**
 * HTML in which nothing foreign is markup: whatever is put into a template is text, unless it came out of one.
 */

import { escapeControlsInLines } from '../smtp/control-characters.ts';

/** A piece of HTML. Only {@link html} and {@link trusted} make one. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text that is escaped, HTML as it is, many of them, or nothing. */
export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[];

/** Makes HTML: `` html`<b>${text}</b>` ``. Values may stand between tags and in quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.map((part, index) => (index === 0 ? part : `${written(values[index - 1])}${part}`)).join(''));
}

/** Text in which each of some names, wherever it is a word of its own, is replaced by what is made of it. */
export function withNames(text: string, names: Iterable<string>, made: (name: string) => HtmlValue): Html {
  const known = new Set([...names].filter((name) => name !== ''));
  if (known.size === 0) return html`${text}`;
  // The longest first: one name may be the beginning of another.
  const patterns = [...known].toSorted((a, b) => b.length - a.length).map((name) => RegExp.escape(name));
  const parts = text.split(new RegExp(`(?<![\\p{L}\\p{N}_.@-])(${patterns.join('|')})(?![\\p{L}\\p{N}_@-])`, 'u'));
  return html`${parts.map((part, index) => (index % 2 === 1 ? made(part) : part))}`;
}

/** HTML that we wrote ourselves. */
export function trusted(text: string): Html {
  return new Html(text);
}

function written(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  return typeof value === 'object' ? value.map(written).join('') : escapeText(String(value));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML. Control characters, and others without a width, are written out. */
export function escapeText(text: string): string {
  return escapeControlsInLines(text)
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
    .replace(/[\u200b-\u200d\u2060-\u2065\ufeff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}
