/**
 * The server's first words, and LHLO: is it a server at all, is it one for LMTP, and what does it offer.
 */

import { interruptionTrouble } from '../delivery/trouble.ts';
import type { Interrupted } from '../lmtp/dialogue.ts';
import type { OpeningFault } from '../lmtp/opening.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Finding } from './advice.ts';
import { brokenOff, failed, findingOfInterruption, ok, troubleOf } from './found.ts';
import type { GreetingStep, LhloStep } from './report.ts';
import type { Telling } from './telling.ts';

/** What a server said before anything was asked, by the protocol that begins so. */
const otherProtocols: readonly (readonly [RegExp, string])[] = [
  [/^\* (?:OK|BYE|PREAUTH)/i, 'IMAP'],
  [/^\+OK|^-ERR/, 'POP3'],
  [/^SSH-/, 'SSH'],
  [/^HTTP\//, 'HTTP'],
  [/^"(?:IMPLEMENTATION|SIEVE|SASL)"/i, 'ManageSieve'],
  [/^VERSION\t/, "Dovecot's own for authentication"],
  [/^\?*\u0015\u0003|^\?+$/, 'TLS'],
];

/** It greeted us. */
export function greeted({ text }: Reply): GreetingStep {
  return { step: 'greeting', ...ok(text), said: text };
}

/** It greeted us with a refusal. */
export function notWelcome(refused: Extract<OpeningFault, { kind: 'refused' }>, telling: Telling): GreetingStep {
  const { reply } = refused;
  const protocol = protocolOf(reply.lines);
  const finding =
    protocol !== undefined ? 'another protocol' : reply.code >= 500 ? 'not let in for good' : 'not let in';
  return { step: 'greeting', ...failed(reply.text, finding, troubleOf(refused, telling), telling), said: reply.text };
}

/** It did not greet us. `heard` are the lines that came, if any did. */
export function noGreeting(interrupted: Interrupted, heard: readonly string[], telling: Telling): GreetingStep {
  const protocol = protocolOf(heard);
  const said = heard.slice(0, 3).join('\n');
  const trouble = interruptionTrouble(interrupted, telling.peer);
  const finding = protocol === undefined ? findingOfSilence(interrupted, heard) : 'another protocol';
  const words =
    said === '' ? trouble.text : `no greeting of LMTP${protocol === undefined ? '' : `, but ${protocol}`}: ${said}`;
  const step = { step: 'greeting' as const, ...failed(words, finding, trouble, telling) };
  return said === '' ? step : { ...step, said };
}

/** What it offers. */
export function offered(capabilities: Capabilities): LhloStep {
  const words = capabilityWords(capabilities);
  return { step: 'LHLO', ...ok(words.length === 0 ? 'nothing is offered' : listed(words)), capabilities: words };
}

/** LHLO was refused: nearly always by a server for SMTP. */
export function noLhlo(refused: Extract<OpeningFault, { kind: 'refused' }>, telling: Telling): LhloStep {
  const { reply } = refused;
  const finding = reply.code >= 500 ? 'SMTP server' : 'not let in';
  return { step: 'LHLO', ...failed(reply.text, finding, troubleOf(refused, telling), telling) };
}

/** The server said something that no command had asked for: its replies are out of step, or it ends the session. */
export function spokeUnasked(
  fault: Extract<OpeningFault, { kind: 'out of step' | 'goodbye' }>,
  telling: Telling,
): LhloStep {
  const trouble = troubleOf(fault, telling);
  const finding = fault.kind === 'goodbye' ? 'not let in' : 'out of step';
  return { step: 'LHLO', ...failed(trouble.text, finding, trouble, telling) };
}

/** The connection broke over it. */
export function lhloInterrupted(interrupted: Interrupted, telling: Telling): LhloStep {
  return { step: 'LHLO', ...brokenOff(interrupted, telling) };
}

function findingOfSilence(interrupted: Interrupted, heard: readonly string[]): Finding {
  if (heard.length > 0 && interrupted.reason !== 'deadline') return 'another protocol';
  if (interrupted.reason === 'lost') return 'closed at once';
  return interrupted.reason === 'timeout' ? 'no greeting' : findingOfInterruption(interrupted);
}

function protocolOf(lines: readonly string[]): string | undefined {
  const [first = ''] = lines;
  return otherProtocols.find(([beginning]) => beginning.test(first))?.[1];
}

/** Keywords as the server gave them, as far as they count for us. */
function capabilityWords({ keywords, auth, sizeLimit, limits }: Capabilities): readonly string[] {
  const limitWords = Object.entries(limits).map(([name, value]) => `${name.toUpperCase()}MAX=${value}`);
  const values: Readonly<Record<string, readonly string[]>> = {
    AUTH: auth,
    SIZE: sizeLimit > 0 ? [String(sizeLimit)] : [],
    LIMITS: limitWords,
  };
  return keywords.map((keyword) => [keyword, ...(values[keyword] ?? [])].join(' '));
}

/** Those with a value of several words stand on lines of their own. */
function listed(words: readonly string[]): string {
  const plain = words.filter((word) => !word.startsWith('AUTH '));
  const auth = words.filter((word) => word.startsWith('AUTH '));
  return [plain.join(' '), ...auth].filter((line) => line !== '').join('\n');
}
