/**
 * The envelope of a transaction: what a delivery and its message make of it, and what they need of a server.
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

/** The envelope for those recipients that the indexes name. */
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
    // What a conversion will come to is not known before it is done.
    ...(downgrade === undefined ? { size: message.size + Buffer.byteLength(prefix) } : {}),
    smtputf8: needsSmtputf8(delivery, message) && parameters.smtputf8_enable,
    dummyAuth: parameters.lmtp_send_dummy_mail_auth,
    unquoted: !parameters.lmtp_quote_rfc821_envelope,
    ...(body === undefined ? {} : { body }),
    ...(delivery.dsn?.ret === undefined ? {} : { ret: delivery.dsn.ret }),
    ...(delivery.dsn?.envid === undefined ? {} : { envid: delivery.dsn.envid }),
  };
}

/** What the message needs and the server does not offer, if anything. `peer` is `host[address]`. */
export function unfitness(
  { delivery, message, parameters }: Posting,
  offered: Capabilities,
  { peer, isLastHost }: { readonly peer: string; readonly isLastHost: boolean },
): Trouble | undefined {
  if (needsSmtputf8(delivery, message) && parameters.smtputf8_enable && !offered.smtputf8) {
    // Hard only when no host is left that might have it (Postfix since 3.8; before, at once).
    const status = isLastHost || !judgeOf(parameters).asksOthersForUtf8 ? '5.6.7' : '4.6.7';
    return { scope: 'message', status, text: `SMTPUTF8 is required, but was not offered by host ${peer}` };
  }
  if (offered.sizeLimit > 0 && message.size > offered.sizeLimit) {
    const text = `message size ${message.size} exceeds size limit ${offered.sizeLimit} of server ${peer}`;
    return { scope: 'message', status: '5.3.4', text };
  }
  return undefined;
}

/** Only an address or a header in UTF-8 needs it; the declaration alone does not (RFC 6531 section 3.4). */
function needsSmtputf8({ smtputf8, sender, recipients }: Delivery, { has8BitHeader }: Message): boolean {
  if (smtputf8 !== true) return false;
  return has8BitHeader || ![sender, ...recipients.map(({ address }) => address)].every(isAscii);
}

/** Content with octets above 127 is 8BITMIME whatever was declared; where nobody has looked, it may have them. */
function declaredBody({ body }: Delivery, { is8Bit }: Message): Envelope['body'] {
  if (is8Bit === true) return '8BITMIME';
  return body ?? (is8Bit === undefined ? '8BITMIME' : undefined);
}

/** ORCPT always goes along, as Postfix has it: the original address, or the recipient's own. */
function wireRecipient({ address, original, notify, orcpt }: DeliveryRecipient): Envelope['recipients'][number] {
  const known = original ?? address;
  const type = isAscii(known) ? 'rfc822' : 'utf-8';
  return { address, orcpt: orcpt ?? `${type};${known}`, ...(notify === undefined ? {} : { notify }) };
}
