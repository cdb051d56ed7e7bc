/**
 * The opening of a session: banner and LHLO (RFC 2033 section 4.1).
 */

import { type Capabilities, parseCapabilities } from '../smtp/capabilities.ts';
import { isPositive, type Reply } from '../smtp/reply.ts';
import { type Dialogue, receive, type Stage, send } from './dialogue.ts';

/** How an opening ends, unless it is interrupted. */
export type Greeted =
  | { readonly kind: 'ready'; readonly capabilities: Capabilities }
  /** The server does not want to talk to us: policy decides what that means. */
  | { readonly kind: 'refused'; readonly stage: Stage; readonly reply: Reply };

/** What an opening needs to know. */
export interface Introduction {
  /** Argument of LHLO (lmtp_lhlo_name). */
  readonly name: string;
  /** Keywords to take as not offered, lower case (lmtp_discard_lhlo_keywords). */
  readonly discard?: ReadonlySet<string>;
}

/** What the server said first. */
export type Welcome = { readonly kind: 'welcome'; readonly banner: Reply } | Extract<Greeted, { kind: 'refused' }>;

/** Waits for the banner; nothing is said before it has come. */
export function* awaitBanner(): Dialogue<Welcome> {
  const banner = yield* receive('greeting');
  return isPositive(banner) ? { kind: 'welcome', banner } : { kind: 'refused', stage: 'greeting', reply: banner };
}

/**
 * Says LHLO and learns the capabilities: behind the banner, and once more behind STARTTLS, since what was offered in plain
 * text counts no longer (RFC 3207 section 4.2). There is no retreat to HELO: this is LMTP.
 */
export function* introduce({ name, discard }: Introduction): Dialogue<Greeted> {
  yield* send(`LHLO ${name}`);
  const reply = yield* receive('LHLO');
  if (!isPositive(reply)) return { kind: 'refused', stage: 'LHLO', reply };
  return { kind: 'ready', capabilities: parseCapabilities(reply, discard) };
}
