/**
 * AUTH: by which mechanism, as whom and with which version of the password; or why not. The password itself is never part
 * of it.
 */

import type { Trouble } from '../delivery/trouble.ts';
import type { Interrupted, Shown } from '../lmtp/dialogue.ts';
import { conditionsOf, type Login, type LoginFault } from '../lmtp/login.ts';
import { mechanisms } from '../sasl/choice.ts';
import type { SecurityOption } from '../sasl/security-options.ts';
import type { Password } from '../secrets/password-maps.ts';
import type { SecretStage } from '../secrets/secrets.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { About, Finding } from './advice.ts';
import { brokenOff, failed, ok, troubleOf, warning } from './found.ts';
import type { AuthStep } from './report.ts';
import type { Telling } from './telling.ts';

/** Whose password it is, and from where. */
export interface Identity {
  readonly password: Password;
  readonly stage: SecretStage;
}

/** It let us in. */
export function authenticated(mechanism: string, identity: Identity): AuthStep {
  return { ...facts(identity), mechanism, ...ok(`${mechanism} as ${whose(identity)}`) };
}

/** Nobody is told who we are, since there is no password for this server. */
export function noPassword({ auth, keywords }: Capabilities, { about, parameters }: Telling): AuthStep {
  const offer = keywords.includes('AUTH') ? `the server offers ${auth.join(' ') || 'no mechanism'}` : 'not offered';
  if (!parameters.lmtp_sasl_auth_enable) return { step: 'AUTH', ...ok(`none: lmtp_sasl_auth_enable=no; ${offer}`) };
  return { step: 'AUTH', ...warning(`none: there is no password for this server; ${offer}`, 'no password', about) };
}

/** There is a password, and the server wants none; mail goes without. */
export function notOfferedNorRequired(identity: Identity, { about }: Telling): AuthStep {
  const text = 'not offered; mail goes without (lmtp_sasl_auth_required=no)';
  return { ...facts(identity), ...warning(text, 'AUTH not offered', about) };
}

/** The password cannot be had. */
export function unreadablePassword(trouble: Trouble, stage: SecretStage, telling: Telling): AuthStep {
  const finding = stage === 'AWSPENDING' && trouble.text.includes(stage) ? 'no pending version' : 'secret unreadable';
  return { step: 'AUTH', stage, ...failed(trouble.text, finding, trouble, telling) };
}

/** What is known of a connection that did not let us in. */
export interface Refused {
  readonly login: Login;
  readonly identity: Identity;
  readonly capabilities: Capabilities;
  /** Absent: plain text. */
  readonly shown: Shown | undefined;
}

/** It did not let us in, or there was no way to ask. */
export function notAuthenticated(fault: LoginFault, refused: Refused, telling: Telling): AuthStep {
  const { identity, capabilities, shown } = refused;
  const about: About = {
    ...telling.about,
    isEncrypted: shown !== undefined,
    offersTls: capabilities.startTls,
    optionsParameter: optionsParameter(shown),
    password: { ...identity.password, user: identity.password.credentials.user },
  };
  const [finding, text] = meaningOf(fault, refused, about);
  const mechanism = 'mechanism' in fault ? { mechanism: fault.mechanism } : {};
  return {
    ...facts(identity),
    ...mechanism,
    ...failed(text, finding, troubleOf(fault, telling), { ...telling, about }),
  };
}

/** The connection broke over it. */
export function authInterrupted(interrupted: Interrupted, identity: Identity, telling: Telling): AuthStep {
  return { ...facts(identity), ...brokenOff(interrupted, telling) };
}

function meaningOf(fault: LoginFault, refused: Refused, { optionsParameter }: About): readonly [Finding, string] {
  const as = whose(refused.identity);
  switch (fault.kind) {
    case 'AUTH not offered':
      return ['AUTH not offered', `not offered; there is a password for ${as}`];
    case 'no mechanism offered': {
      const words = refused.capabilities.auth.join(' ') || 'no mechanism at all';
      return ['no mechanism offered', `none is left of what the server offers: ${words}`];
    }
    case 'no mechanism available': {
      const { finding, reasons } = whyNone(refused);
      return [finding, [`none will do (${optionsParameter})`, ...reasons].join('\n')];
    }
    case 'AUTH refused':
      return [findingOfRefusal(fault.reply.code), `${fault.mechanism} as ${as}: ${fault.reply.text}`];
    case 'AUTH failed':
      return ['exchange failed', `${fault.mechanism} as ${as}: ${fault.reason}`];
    default:
      return fault satisfies never;
  }
}

/** RFC 4954 section 6; Cyrus says 501 for a wrong password. */
function findingOfRefusal(code: number): Finding {
  if (code === 538 || code === 523) return 'encryption wanted';
  return code >= 500 ? 'credentials refused' : 'AUTH deferred';
}

/** Why each of the mechanisms that are offered will not do. */
function whyNone({ login, identity, capabilities, shown }: Refused): {
  readonly finding: Finding;
  readonly reasons: readonly string[];
} {
  const { channel, required } = conditionsOf(login, shown);
  const lacking = new Set<SecurityOption>();
  const reasons = capabilities.auth.filter(login.allows).map((name) => {
    const mechanism = mechanisms.find((known) => known.name === name);
    if (mechanism === undefined) return `${name}: not known here`;
    if (!mechanism.isUsable(identity.password.credentials, channel)) return `${name}: not for what we have`;
    const lacks = [...required.difference(mechanism.properties)];
    for (const option of lacks) lacking.add(option);
    return `${name}: not ${lacks.join(', ')}`;
  });
  if (lacking.size === 0) return { finding: 'credentials fit none', reasons };
  return { finding: lacking.has('noplaintext') ? 'plaintext refused' : 'options too strict', reasons };
}

function optionsParameter(shown: Shown | undefined): string {
  if (shown === undefined) return 'lmtp_sasl_security_options';
  return shown.judgement.facts.matched ? 'lmtp_sasl_tls_verified_security_options' : 'lmtp_sasl_tls_security_options';
}

function facts({
  password: { credentials, source, version },
  stage,
}: Identity): Omit<AuthStep, keyof ReturnType<typeof ok>> {
  return { step: 'AUTH', user: credentials.user, source, version, stage };
}

function whose({ password: { credentials, source, version }, stage }: Identity): string {
  const user = credentials.user === '' ? 'whoever the certificate names' : credentials.user;
  const which = version === 'static' ? '' : `, version ${version}${stage === 'AWSPENDING' ? ' (AWSPENDING)' : ''}`;
  return `${user} (${source}${which})`;
}
