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
    smtputf8: needsSmtputf8(delivery, message) && parameters.smtputf8_enable,
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
  if (needsSmtputf8(delivery, message) && parameters.smtputf8_enable && !offered.smtputf8) {
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

/** Whether an address or a header is in UTF-8; the declaration alone does not count (RFC 6531 section 3.4). */
function needsSmtputf8({ smtputf8, sender, recipients }: Delivery, { has8BitHeader }: Message): boolean {
  if (smtputf8 !== true) return false;
  return has8BitHeader || ![sender, ...recipients.map(({ address }) => address)].every(isAscii);
}

/** Returns 8BITMIME for content with octets above 127, whatever was declared, and for content that was not inspected. */
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
