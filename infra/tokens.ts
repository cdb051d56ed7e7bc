/**
 * Text that the CDK knows only when a stack is deployed (the name of a load balancer, the ARN of a secret) stands in a
 * string as `${Token[...]}`. For a check of the text around it, something harmless that reads well in an error.
 */
export function withoutTokens(text: string): string {
  return text.replaceAll(/\$\{Token\[[^\]]*\]\}/g, 'known-when-deployed');
}
