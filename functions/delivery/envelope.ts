/**
 * The envelope of a delivery and its message, and the capabilities that they require.
 */

import type { Envelope } from '../lmtp/commands.ts';
import type { Parameters } from '../parameters/parameters.ts';
import type { Delivery, DeliveryRecipient } from '../request/delivery.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import { isAscii } from '../smtp/path.ts';
import { judgeOf } from './judge.ts';
import type { Message, Preparation } from './message.ts';
import type { Trouble } from './trouble.ts';

/** A delivery together with its message. */
export interface Posting {
  readonly delivery: Delivery;
  readonly message: Message;
  readonly parameters: Parameters;
}

/** Returns the envelope for the recipients with these indexes. */
export function makeEnvelope(
  { delivery, message, parameters }: Posting,
  indexes: readonly number[],
  { prefix = '', downgrade }: Pick<Preparation, 'prefix' | 'downgrade'> = {},
): Envelope {
  const recipients = indexes.map((index) => {
    const recipient = delivery.recipients[index];
    if (recipient === undefined) throw new RangeError(`no recipient ${index}`);
    return wireRecipient(recipient);
  });
  const body = declaredBody(delivery, message);
  return {
    sender: delivery.sender,
    recipients,
    // The size after a conversion is not known in advance.
    ...(downgrade === undefined ? { size: message.size + Buffer.byteLength(prefix) } : {}),
    smtputf8: internationalNeed({ delivery, message, parameters }) !== 'none',
    dummyAuth: parameters.lmtp_send_dummy_mail_auth,
    unquoted: !parameters.lmtp_quote_rfc821_envelope,
    ...(body === undefined ? {} : { body }),
    ...(delivery.dsn?.ret === undefined ? {} : { ret: delivery.dsn.ret }),
    ...(delivery.dsn?.envid === undefined ? {} : { envid: delivery.dsn.envid }),
  };
}

/** Returns the trouble with a missing capability or a size limit, if any. `peer` is `host[address]`. */
export function missingCapability(
  { delivery, message, parameters }: Posting,
  offered: Capabilities,
  { peer, isLastHost }: { readonly peer: string; readonly isLastHost: boolean },
): Trouble | undefined {
  if (internationalNeed({ delivery, message, parameters }) === 'required' && !offered.smtputf8) {
    // Hard only if no other host is left (Postfix since 3.8; before, at once).
    const status = isLastHost || !judgeOf(parameters).asksOthersForUtf8 ? '5.6.7' : '4.6.7';
    return { scope: 'message', status, text: `SMTPUTF8 is required, but was not offered by host ${peer}` };
  }
  if (offered.sizeLimit > 0 && message.size > offered.sizeLimit) {
    const text = `message size ${message.size} exceeds size limit ${offered.sizeLimit} of server ${peer}`;
    return { scope: 'message', status: '5.3.4', text };
  }
  return undefined;
}

/**
 * Returns how much a delivery needs SMTPUTF8 (RFC 6531 section 3.4). The addresses decide, by whatever front door they came.
 *
 * - `required`: without it, octets above 127 would be sent that the server does not accept. An address has them, or a field that is
 *   prepended has them, or the header of a message that was submitted with SMTPUTF8. (Other headers with such octets are sent as they
 *   are, as by Postfix.)
 * - `wanted`: an original recipient has them. It is in US-ASCII on the wire, but the server may return it in a report.
 * - `none`: the declaration alone does not count.
 */
function internationalNeed({ delivery, message, parameters }: Posting): 'none' | 'wanted' | 'required' {
  const { sender, recipients, smtputf8 } = delivery;
  if (!parameters.smtputf8_enable) return 'none';
  const originals = recipients.map(({ address, original }) => original ?? address);
  const sent = [
    sender,
    ...recipients.map(({ address }) => address),
    ...(parameters.lmtp_flags.has('O') ? originals : []),
  ];
  if (!sent.every(isAscii) || (smtputf8 === true && message.has8BitHeader)) return 'required';
  const typed = recipients.flatMap(({ orcpt }) => (orcpt === undefined ? [] : [orcpt]));
  return [...originals, ...typed].every(isAscii) ? 'none' : 'wanted';
}

/**
 * Returns 8BITMIME for content with octets above 127, whatever was declared, and for content that was neither declared nor seen.
 * A declaration of other content is passed on, as by Postfix.
 */
function declaredBody({ body }: Delivery, { is8Bit }: Message): Envelope['body'] {
  if (is8Bit === true) return '8BITMIME';
  return body ?? (is8Bit === undefined ? '8BITMIME' : undefined);
}

/** Adds ORCPT always, as in Postfix: the original address, or the recipient's own. */
function wireRecipient({ address, original, notify, orcpt }: DeliveryRecipient): Envelope['recipients'][number] {
  const known = original ?? address;
  const type = isAscii(known) ? 'rfc822' : 'utf-8';
  return { address, orcpt: orcpt ?? `${type};${known}`, ...(notify === undefined ? {} : { notify }) };
}
