/**
 * The request of the check function, read from JSON.
 */

import { Fields, isBoolean, isString, optional, quote } from '../request/fields.ts';
import { RequestError } from '../request/request-error.ts';
import { addressFault } from '../smtp/path.ts';

/** A request. */
export interface CheckRequest {
  /** Next-hop syntax: `inet:host:port`. */
  readonly destination: string;
  /** Envelope sender, without `<>`; `""` is the null sender. */
  readonly sender?: string;
  /** Envelope recipients to ask about. Without sender and recipients, MAIL is not sent. */
  readonly recipients?: readonly string[];
  /** Try AWSPENDING passwords. Default: no. */
  readonly pending?: boolean;
}

/** The most recipients of one request: each needs a round trip. */
export const mostRecipients = 100;

/**
 * Reads a request.
 *
 * @throws RequestError with the field, its value and what is allowed
 */
export function readCheckRequest(event: unknown): CheckRequest {
  const fields = new Fields('', event);
  const destination = fields.require('destination', isString, 'a next-hop such as inet:host:24');
  const sender = fields.optional('sender', isString, 'a string; "" is the null sender');
  const recipients = fields.optional('recipients', isAddressList, `a list of at most ${mostRecipients} addresses`);
  const pending = fields.optional('pending', isBoolean, 'true or false');
  fields.refuseOthers();
  if (sender !== undefined && sender !== '') refuseFault('sender', sender);
  for (const [index, recipient] of (recipients ?? []).entries()) refuseFault(`recipients[${index}]`, recipient);
  return {
    destination,
    ...optional('sender', sender),
    ...optional('recipients', recipients),
    ...optional('pending', pending),
  };
}

function isAddressList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= mostRecipients && value.every(isString);
}

function refuseFault(field: string, address: string): void {
  const fault = addressFault(address);
  if (fault !== undefined) throw new RequestError(field, `${quote(address)} ${fault}`);
}
