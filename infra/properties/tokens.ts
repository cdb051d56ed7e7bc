/**
 * Tokens: the CDK writes text that is known only at deployment (the name of a load balancer, the ARN of a secret) as
 * `${Token[...]}`.
 */

const token = /\$\{Token\[[^[\]]*\]\}/g;
const standIn = 'known-when-deployed';

/** Returns a text with a readable placeholder for each token, so that the rest can be checked. */
export function withoutTokens(text: string): string {
  return text.replaceAll(token, standIn);
}

/**
 * Returns the texts with placeholders for tokens, and a function that restores the tokens in a piece of a text.
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
