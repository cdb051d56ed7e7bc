/**
 * What was had of TLS, and why there is none.
 */

import type { Trouble } from '../delivery/trouble.ts';
import type { Interrupted, OpeningPart } from '../lmtp/dialogue.ts';
import type { OpeningFault } from '../lmtp/opening.ts';
import { isMandatory, type TlsPolicy } from '../tls/policy.ts';
import type { Secured } from '../tls/secured.ts';
import type { Finding } from './advice.ts';
import { brokenOff, failed, ok, troubleOf, warning } from './found.ts';
import type { TlsStep } from './report.ts';
import type { Telling } from './telling.ts';

/** The handshake was made. */
export function secured({ level, isWrapped }: TlsPolicy, { protocol, cipher }: Secured): TlsStep {
  const how = isWrapped ? 'from the first octet on' : 'by STARTTLS';
  return { step: 'TLS', level, protocol, cipher, ...ok(`${protocol} ${how}, ${cipher}; level ${level}`) };
}

/** It goes on in plain text, and may; a server that offers TLS and then refuses it is worth a look. */
export function plainText(
  { level }: TlsPolicy,
  { isOffered, refusal }: Extract<OpeningPart, { part: 'plain text' }>,
  { about }: Telling,
): TlsStep {
  if (refusal !== undefined) {
    return { step: 'TLS', level, ...warning(`none: offered, and then refused: ${refusal.text}`, 'TLS refused', about) };
  }
  const offer = isOffered ? 'offered' : 'not offered';
  return { step: 'TLS', level, ...ok(`none: ${offer}, and not demanded at level ${level}`) };
}

/** A fault of TLS. */
export type TlsFault = Extract<OpeningFault, { kind: 'TLS not offered' | 'TLS refused' | 'TLS failed' }>;

/** There is none, and the policy demands it, or the connection is lost over it. */
export function noTls({ level, isWrapped }: TlsPolicy, fault: TlsFault, telling: Telling): TlsStep {
  const [finding, text] = meaningOf(fault, isWrapped);
  // Where nothing secret goes over it, mail that has waited a while goes in plain text.
  const hope =
    fault.kind === 'TLS failed' && !isMandatory(level)
      ? '; level may: without a password, later mail goes in plain text'
      : '';
  return { step: 'TLS', level, ...failed(`${text}${hope}`, finding, troubleOf(fault, telling), telling) };
}

/** The connection broke over it. */
export function tlsInterrupted({ level }: TlsPolicy, interrupted: Interrupted, telling: Telling): TlsStep {
  return { step: 'TLS', level, ...brokenOff(interrupted, telling) };
}

/** It could not even be tried. */
export function unusableTls(finding: Finding, trouble: Trouble, telling: Telling): TlsStep {
  return { step: 'TLS', ...failed(trouble.text, finding, trouble, telling) };
}

function meaningOf(fault: TlsFault, isWrapped: boolean): readonly [Finding, string] {
  switch (fault.kind) {
    case 'TLS not offered':
      return ['TLS not offered', 'the server does not offer STARTTLS'];
    case 'TLS refused':
      return ['TLS refused', fault.reply.text];
    case 'TLS failed':
      return [findingOfReason(fault.reason, isWrapped), `the handshake failed: ${fault.reason}`];
    default:
      return fault satisfies never;
  }
}

/** OpenSSL's words for the reason, as far as they tell what to do. */
function findingOfReason(reason: string, isWrapped: boolean): Finding {
  if (isWrapped && /wrong version number|packet length|record layer|unexpected message/i.test(reason)) {
    return 'plain text server';
  }
  if (/protocol version|unsupported protocol|no protocols|no shared cipher/i.test(reason)) {
    return 'no common version';
  }
  return /certificate required|bad certificate|unknown ca|certificate unknown/i.test(reason)
    ? 'client certificate wanted'
    : 'handshake failed';
}
