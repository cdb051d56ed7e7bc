/** Something in a synthesized app that cannot be run or read here. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
