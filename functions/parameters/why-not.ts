import { refusedParameters } from './refused.ts';

/** Why a name cannot be set: the words behind the name in the error. */
export function whyNot(name: string): string {
  const reason = Object.hasOwn(refusedParameters, name) ? refusedParameters[name] : undefined;
  return reason === undefined ? 'is not a parameter of lambda-lmtp' : `cannot be set here. ${reason}`;
}
