/** A parameter has a wrong name or value. The message has both, and the allowed values. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';
  readonly parameter: string;

  constructor(parameter: string, message: string, options?: ErrorOptions) {
    super(`${parameter}: ${message}`, options);
    this.parameter = parameter;
  }
}
