/** A parameter has a wrong name or value. The message names both, and what is allowed. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';
  readonly parameter: string;

  constructor(parameter: string, message: string, options?: ErrorOptions) {
    super(`${parameter}: ${message}`, options);
    this.parameter = parameter;
  }
}
