/**
 * The ends of texts, in linear time. An expression such as `/[.,]+$/` tries each run of the characters again from each place in it:
 * a megabyte of dots takes hours.
 */

/** Returns the characters at the end of a text that pass a test. */
export function trailing(text: string, passes: (character: string) => boolean): string {
  let from = text.length;
  while (from > 0) {
    const low = text.charCodeAt(from - 1);
    const isPair = low >= 0xdc00 && low <= 0xdfff && from > 1;
    const to = from - (isPair ? 2 : 1);
    if (!passes(text.slice(to, from))) break;
    from = to;
  }
  return text.slice(from);
}

/** Returns a text without the characters at its end that pass a test. */
export function withoutTrailing(text: string, passes: (character: string) => boolean): string {
  return text.slice(0, text.length - trailing(text, passes).length);
}

/** Returns the beginning of a text in at most so many octets of UTF-8, without a part of a character. */
export function beginningOf(text: string, octets: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= octets) return text;
  let end = octets;
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return whole.toString('utf8', 0, end);
}
