/**
 * Text that the CDK knows only when a stack is deployed (the name of a load balancer, the ARN of a secret) stands in a
 * string as `${Token[...]}`.
 */

const token = /\$\{Token\[[^\]]*\]\}/g;
const standIn = 'known-when-deployed';

/** For a check of the text around it, something harmless that reads well in an error. */
export function withoutTokens(text: string): string {
  return text.replaceAll(token, standIn);
}

/**
 * For whatever is to be read out of the text around it, something harmless that can be taken back.
 *
 * @returns the texts, and what puts the tokens back into a piece of one
 */
export function keepTokens(texts: Readonly<Record<string, string>>): {
  readonly texts: Readonly<Record<string, string>>;
  readonly restore: (piece: string) => string;
} {
  const kept: string[] = [];
  const keep = (found: string) => `${standIn}-${kept.push(found)}-`;
  const entries = Object.entries(texts).map(([name, text]) => [name, text.replaceAll(token, keep)] as const);
  const restore = (piece: string) =>
    piece.replaceAll(
      new RegExp(`${standIn}-(\\d+)-`, 'g'),
      (whole, number: string) => kept[Number(number) - 1] ?? whole,
    );
  return { texts: Object.fromEntries(entries), restore };
}
