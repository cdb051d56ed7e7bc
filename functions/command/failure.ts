/**
 * Why a command comes to an end without having done what it was asked, and the exit code for it.
 */

import { exitCodes } from './exit-codes.ts';

/** Ends a command with a line on standard error. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;

  constructor(kind: keyof typeof exitCodes, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCodes[kind];
  }
}
