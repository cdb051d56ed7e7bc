/**
 * AUTH: the mechanism, the user and the version of the password, or why there is no AUTH. The password itself never appears.
 */

import type { Trouble } from '../delivery/trouble.ts';
import type { LoginFault } from '../lmtp/login.ts';
import type { Objection } from '../sasl/choice.ts';
import type { Password } from '../secrets/password-maps.ts';
import type { SecretStage } from '../secrets/secrets.ts';
import type { Session } from '../session/session.ts';
import type { Finding } from './advice.ts';
import { failed, failedOpening, ok, type Visit, warning } from './found.ts';
import type { StepNamed } from './report.ts';

type AuthStep = StepNamed<'AUTH'>;

/** Returns the step of a session that is open. `trouble`: why the password could not be read. */
export function authStep(session: Session, visit: Visit, trouble: Trouble | undefined): AuthStep {
  const { about, parameters, stage, access } = visit;
  if (trouble !== undefined) {
    const isMissing = stage === 'AWSPENDING' && trouble.text.includes(stage);
    return { step: 'AUTH', stage, ...failed(trouble, isMissing ? 'no pending version' : 'secret unreadable', visit) };
  }
  if (access?.password !== undefined) {
    const { step, words } = identityOf(access.password, stage);
    const { mechanism } = session.security;
    if (mechanism !== undefined) return { ...step, mechanism, ...ok(`${mechanism} as ${words}`) };
    const text = 'not offered; mail is sent without AUTH (lmtp_sasl_auth_required=no)';
    return { ...step, ...warning(text, 'AUTH not offered', about) };
  }
  const { auth, keywords } = session.capabilities;
  const offer = keywords.includes('AUTH') ? `the server offers ${auth.join(' ') || 'no mechanism'}` : 'not offered';
  if (!parameters.lmtp_sasl_auth_enable) return { step: 'AUTH', ...ok(`none: lmtp_sasl_auth_enable=no; ${offer}`) };
  return { step: 'AUTH', ...warning(`none: there is no password for this server; ${offer}`, 'no password', about) };
}

/** Returns the step of a login that failed; `undefined` where there was none to try. */
export function refusedStep(fault: LoginFault, visit: Visit): AuthStep | undefined {
  const { stage, shown, capabilities, access: { password } = {} } = visit;
  if (password === undefined || capabilities === undefined) return undefined;
  const { step, words } = identityOf(password, stage);
  const level = shown?.judgement.facts.matched === true ? 'tls_verified_' : shown === undefined ? '' : 'tls_';
  const optionsParameter = `lmtp_sasl_${level}security_options`;
  const about = {
    ...visit.about,
    isEncrypted: shown !== undefined,
    offersTls: capabilities.startTls,
    optionsParameter,
    password,
  };
  const failure = (finding: Finding, text: string) => failedOpening(fault, finding, { ...visit, about }, text);
  switch (fault.kind) {
    case 'AUTH not offered':
      return { ...step, ...failure(fault.kind, `not offered, but there is a password for ${words}`) };
    case 'no mechanism offered': {
      const offered = capabilities.auth.join(' ') || 'none';
      return { ...step, ...failure(fault.kind, `the filter allows no mechanism of the server: ${offered}`) };
    }
    case 'no mechanism available': {
      const { finding, reasons } = whyNone(fault.objections);
      return {
        ...step,
        ...failure(finding, [`no mechanism can be used (${optionsParameter})`, ...reasons].join('\n')),
      };
    }
    case 'AUTH refused':
    case 'AUTH failed': {
      const { mechanism } = fault;
      const isRefused = fault.kind === 'AUTH refused';
      const text = `${mechanism} as ${words}: ${isRefused ? fault.reply.text : fault.reason}`;
      return { ...step, mechanism, ...failure(isRefused ? refusalFinding(fault.reply.code) : 'exchange failed', text) };
    }
    default:
      return fault satisfies never;
  }
}

/** RFC 4954 section 6; Cyrus says 501 for a wrong password. */
function refusalFinding(code: number): Finding {
  if (code === 538 || code === 523) return 'encryption wanted';
  return code >= 500 ? 'credentials refused' : 'AUTH deferred';
}

function whyNone(objections: ReadonlyMap<string, Objection>) {
  const lacking = [...objections.values()].flatMap((objection) => (typeof objection === 'string' ? [] : objection));
  const reasons = [...objections].map(
    ([name, why]) => `${name}: ${typeof why === 'string' ? why : `lacks ${why.join(', ')}`}`,
  );
  const tooStrict: Finding = lacking.includes('noplaintext') ? 'plaintext refused' : 'options too strict';
  return { finding: lacking.length === 0 ? ('credentials fit none' as const) : tooStrict, reasons };
}

/** Returns the facts of a step that used this password, and its user and source in words. */
export function identityOf({ credentials: { user }, source, version }: Password, stage: SecretStage) {
  const which = version === 'static' ? '' : `, version ${version}${stage === 'AWSPENDING' ? ' (AWSPENDING)' : ''}`;
  const words = `${user || 'the identity of the certificate'} (${source}${which})`;
  return { step: { step: 'AUTH', user, source, version, stage } as const, words };
}
