/**
 * The result of a step: ok, a warning, or a failure.
 */

import type { Access } from '../delivery/access.ts';
import { type Fault, faultTrouble } from '../delivery/open.ts';
import { lastVerdict, type Trouble } from '../delivery/trouble.ts';
import type { Interrupted, InterruptionCause, Shown } from '../lmtp/dialogue.ts';
import type { Parameters } from '../parameters/parameters.ts';
import type { SecretStage } from '../secrets/secrets.ts';
import type { Peer } from '../session/session.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import { type About, advise, type Finding } from './advice.ts';
import type { Found } from './report.ts';

/** A server, and the parameters that decide what a trouble with it means. */
export interface Site {
  readonly peer: Peer;
  readonly about: About;
  readonly parameters: Parameters;
}

/** Lines of a server that show which protocol it speaks. */
export const keptLines = 3;

/** A visit to a server, and what is known so far. */
export interface Visit extends Site {
  readonly stage: SecretStage;
  /** Absent: TLS policy or TLS material cannot be used, and only the greeting can be seen. */
  readonly access?: Access;
  /** Milliseconds on the monotonic clock. */
  readonly begun: number;
  /** The first lines of the server, {@link keptLines} at most. */
  readonly heard: string[];
  capabilities?: Capabilities;
  /** Absent: plain text. */
  shown?: Shown;
}

/** No fault. */
export function ok(text: string): Found {
  return { result: 'ok', text };
}

/** Mail passes, but the operator should act. */
export function warning(text: string, finding: Finding, about: About): Found {
  return { result: 'warning', text, finding, next: advise(finding, about) };
}

/** Mail does not pass; the verdict is the delivery agent's. */
export function failed(
  trouble: Trouble,
  finding: Finding,
  { about, parameters }: Pick<Site, 'about' | 'parameters'>,
  text = trouble.text,
): Found {
  const { blames, ...verdict } = lastVerdict(trouble, parameters);
  return { result: 'failed', text, finding, next: advise(finding, about), verdict };
}

/** A fault of the opening. `text`: default the delivery agent's. */
export function failedOpening(fault: Fault, finding: Finding, site: Site, text?: string): Found {
  return failed(faultTrouble(fault, site.peer, site.parameters), finding, site, text);
}

const interruptions: Readonly<Record<InterruptionCause, Finding>> = {
  timeout: 'too slow',
  deadline: 'out of time',
  lost: 'out of step',
  flood: 'out of step',
  body: 'out of step',
  claim: 'out of step',
};

/** A conversation that was interrupted. `finding`: default by the reason alone. */
export function interrupted(
  error: Interrupted,
  site: Site,
  finding = interruptions[error.reason],
  text?: string,
): Found {
  return failedOpening({ kind: 'interrupted', error }, finding, site, text);
}
