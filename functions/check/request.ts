/**
 * What the check function is asked: JSON in, a request out, or the field that is wrong.
 */

import { Fields, isBoolean, isString, quote } from '../request/fields.ts';
import { RequestError } from '../request/request-error.ts';
import { addressFault } from '../smtp/path.ts';

/** A request. */
export interface CheckRequest {
  /** Next-hop syntax: `inet:host:port`. */
  readonly destination: string;
  /** Envelope sender to ask with, without `<>`; `""` is the null sender. */
  readonly sender?: string;
  /** Envelope recipients to ask about; nobody is asked about without any and without a sender. */
  readonly recipients?: readonly string[];
  /** Try AWSPENDING passwords. Default: no. */
  readonly pending?: boolean;
}

/** Most recipients of one request: each costs a round trip. */
export const mostRecipients = 100;

/**
 * Reads a request.
 *
 * @throws RequestError naming field, value and what is allowed
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
    ...(sender === undefined ? {} : { sender }),
    ...(recipients === undefined ? {} : { recipients }),
    ...(pending === undefined ? {} : { pending }),
  };
}

function isAddressList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= mostRecipients && value.every(isString);
}

function refuseFault(field: string, address: string): void {
  const fault = addressFault(address);
  if (fault !== undefined) throw new RequestError(field, `${quote(address)} ${fault}`);
}
