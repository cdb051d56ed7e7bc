/**
 * The steps of an opening: port, greeting, TLS, LHLO and AUTH, each done or failed.
 */

import type { Fault } from '../delivery/open.ts';
import type { Interrupted, InterruptionCause, OpeningPart } from '../lmtp/dialogue.ts';
import type { OpeningFault } from '../lmtp/opening.ts';
import type { ConnectError, ConnectFailure } from '../session/transport.ts';
import { capabilityWords } from '../smtp/capabilities.ts';
import type { Moment } from '../time/clock.ts';
import { isMandatory } from '../tls/levels.ts';
import type { TlsPolicy } from '../tls/policy.ts';
import type { Finding } from './advice.ts';
import { identityOf, refusedStep } from './auth-step.ts';
import { certificateStep } from './certificate-step.ts';
import { failedOpening, interrupted, ok, type Site, type Visit, warning } from './found.ts';
import type { ServerStep, StepNamed } from './report.ts';

/** Returns the steps of a part of the opening that is done. */
export function partSteps(part: OpeningPart, visit: Visit, now: Moment): readonly ServerStep[] {
  const policy = visit.access?.policy;
  switch (part.part) {
    case 'connected': {
      const milliseconds = Math.round((now.monotonic - visit.begun) * 10) / 10;
      return [{ step: 'port', state: 'open', milliseconds, ...ok(`open, in ${milliseconds} ms`) }];
    }
    case 'greeted':
      return [{ step: 'greeting', ...ok(part.banner.text), said: part.banner.text }];
    case 'secured': {
      visit.shown = part.shown;
      if (policy === undefined) return [];
      const { level, isWrapped } = policy;
      const { protocol, cipher } = part.shown.secured;
      const text = `${protocol} ${isWrapped ? 'from the first octet' : 'by STARTTLS'}, ${cipher}; level ${level}`;
      return [
        { step: 'TLS', level, protocol, cipher, ...ok(text) },
        certificateStep(policy, part.shown, visit, now.wall),
      ];
    }
    case 'plain text':
      return policy === undefined ? [] : [plainTextStep(policy, part, visit)];
    case 'introduced': {
      visit.capabilities = part.capabilities;
      const capabilities = capabilityWords(part.capabilities);
      // Without an access TLS was not tried, and the offer in plain text says nothing.
      if (policy === undefined) return [];
      // AUTH, which has several values, gets a line of its own.
      const { plain = [], auth = [] } = Object.groupBy(capabilities, (word) =>
        /^AUTH /.test(word) ? 'auth' : 'plain',
      );
      const lines = [plain.join(' '), ...auth].filter((line) => line !== '');
      return [{ step: 'LHLO', ...ok(lines.join('\n') || 'no extensions are offered'), capabilities }];
    }
    default:
      return part satisfies never;
  }
}

/** The session stays in plain text, and may. A server that offers TLS and then refuses it needs attention. */
function plainTextStep(
  { level }: TlsPolicy,
  { isOffered, refusal }: Extract<OpeningPart, { part: 'plain text' }>,
  { about }: Site,
): ServerStep {
  const offer = isOffered ? 'offered' : 'not offered';
  return refusal === undefined
    ? { step: 'TLS', level, ...ok(`none: ${offer}, and not required at level ${level}`) }
    : { step: 'TLS', level, ...warning(`none: offered, and then refused: ${refusal.text}`, 'TLS refused', about) };
}

/** Returns the step that failed; `undefined` where a part of the opening has reported it. */
export function faultStep(fault: Fault, visit: Visit): ServerStep | undefined {
  const policy = visit.access?.policy;
  switch (fault.kind) {
    case 'no connection':
      return portStep(fault.error, visit);
    case 'interrupted':
      return interruptedStep(fault.error, visit);
    case 'refused':
      return refusalStep(fault, visit);
    case 'out of step':
      return { step: 'LHLO', ...failedOpening(fault, 'out of step', visit) };
    case 'goodbye':
      return { step: 'LHLO', ...failedOpening(fault, 'not let in', visit) };
    case 'TLS not offered':
    case 'TLS refused':
    case 'TLS failed':
      return policy && tlsStep(policy, fault, visit);
    case 'certificate not accepted':
      return undefined;
    case 'AUTH not offered':
    case 'no mechanism offered':
    case 'no mechanism available':
    case 'AUTH refused':
    case 'AUTH failed':
      return refusedStep(fault, visit);
    default:
      return fault satisfies never;
  }
}

const portFindings: Readonly<Record<ConnectFailure, Finding>> = {
  refused: 'refused',
  filtered: 'filtered',
  unreachable: 'unreachable',
  missing: 'socket missing',
  forbidden: 'socket forbidden',
  failed: 'no connection',
};

/** There is no connection. Each cause has its own remedy. */
export function portStep(error: ConnectError, site: Site): StepNamed<'port'> {
  const { failure, isDeadline, message } = error;
  const state = failure === 'missing' || failure === 'forbidden' ? 'failed' : failure;
  const words = state === 'filtered' ? `no answer in ${site.parameters.lmtp_connect_timeout / 1000} s` : message;
  const finding = isDeadline ? 'out of time' : portFindings[failure];
  const text = state === 'failed' ? words : `${state}: ${words}`;
  return { step: 'port', state, ...failedOpening({ kind: 'no connection', error }, finding, site, text) };
}

function interruptedStep(error: Interrupted, visit: Visit): ServerStep {
  const { access, stage, heard } = visit;
  if (error.stage === 'greeting') return noGreetingStep(error, heard, visit);
  const failure = interrupted(error, visit);
  if (error.stage === 'STARTTLS' && access !== undefined)
    return { step: 'TLS', level: access.policy.level, ...failure };
  if (error.stage !== 'AUTH' || access?.password === undefined) return { step: 'LHLO', ...failure };
  return { ...identityOf(access.password, stage).step, ...failure };
}

/** The first line of a server, and the protocol that begins so. */
const otherProtocols: readonly (readonly [RegExp, string])[] = [
  [/^\* (?:OK|BYE|PREAUTH)/i, 'IMAP'],
  [/^\+OK|^-ERR/, 'POP3'],
  [/^SSH-/, 'SSH'],
  [/^HTTP\//, 'HTTP'],
  [/^"(?:IMPLEMENTATION|SIEVE|SASL)"/i, 'ManageSieve'],
  [/^VERSION\t/, "Dovecot's authentication protocol"],
  [/^\?*\u0015\u0003|^\?+$/, 'TLS'],
];

function protocolOf([first = '']: readonly string[]): string | undefined {
  return otherProtocols.find(([beginning]) => beginning.test(first))?.[1];
}

const silences: Partial<Record<InterruptionCause, Finding>> = { lost: 'closed at once', timeout: 'no greeting' };

/** `heard`: the lines that came, if any. */
function noGreetingStep(error: Interrupted, heard: readonly string[], site: Site): ServerStep {
  const said = heard.join('\n');
  if (said === '') return { step: 'greeting', ...interrupted(error, site, silences[error.reason]) };
  const protocol = protocolOf(heard);
  const isForeign = protocol !== undefined || error.reason !== 'deadline';
  const text = `no LMTP greeting${protocol === undefined ? '' : `, but ${protocol}`}: ${said}`;
  return { step: 'greeting', ...interrupted(error, site, isForeign ? 'another protocol' : undefined, text), said };
}

/** A refused LHLO comes nearly always from an SMTP server. */
function refusalStep(fault: Extract<OpeningFault, { kind: 'refused' }>, site: Site): ServerStep {
  const { code, text, lines } = fault.reply;
  const isHard = code >= 500;
  if (fault.stage !== 'greeting') {
    return { step: 'LHLO', ...failedOpening(fault, isHard ? 'SMTP server' : 'not let in', site, text) };
  }
  const refusal = isHard ? 'not let in for good' : 'not let in';
  const finding = protocolOf(lines) === undefined ? refusal : 'another protocol';
  return { step: 'greeting', ...failedOpening(fault, finding, site, text), said: text };
}

type TlsFault = Extract<OpeningFault, { kind: 'TLS not offered' | 'TLS refused' | 'TLS failed' }>;

/** There is no TLS, and the policy requires it or the connection is lost. */
function tlsStep({ level, isWrapped }: TlsPolicy, fault: TlsFault, site: Site): ServerStep {
  const step = { step: 'TLS', level } as const;
  if (fault.kind === 'TLS not offered') {
    return { ...step, ...failedOpening(fault, fault.kind, site, 'the server does not offer STARTTLS') };
  }
  if (fault.kind === 'TLS refused') return { ...step, ...failedOpening(fault, fault.kind, site, fault.reply.text) };
  const hope = isMandatory(level) ? '' : '; at level may, mail without a password is later sent in plain text';
  const finding = handshakeFinding(fault.reason, isWrapped);
  return { ...step, ...failedOpening(fault, finding, site, `the handshake failed: ${fault.reason}${hope}`) };
}

/** By OpenSSL's words for the reason. */
function handshakeFinding(reason: string, isWrapped: boolean): Finding {
  if (isWrapped && /wrong version number|packet length|record layer|unexpected message/i.test(reason)) {
    return 'plain text server';
  }
  if (/protocol version|unsupported protocol|no protocols|no shared cipher/i.test(reason)) return 'no common version';
  const isAboutOurs = /certificate required|bad certificate|unknown ca|certificate unknown/i.test(reason);
  return isAboutOurs ? 'client certificate wanted' : 'handshake failed';
}
