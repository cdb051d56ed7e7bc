/**
 * What the server says to an envelope: MAIL and RCPT, and then RSET. Nothing is delivered.
 */

import type { Agent } from '../delivery/agent.ts';
import { makeEnvelope, type Posting, unfitness } from '../delivery/envelope.ts';
import { judgeOf } from '../delivery/judge.ts';
import { inspectContent } from '../delivery/message.ts';
import { answerTrouble, type Trouble } from '../delivery/trouble.ts';
import { type ProbeOutcome, probeRecipients } from '../lmtp/recipient-probe.ts';
import type { ChatOptions } from '../session/chat.ts';
import type { Session } from '../session/session.ts';
import { isAscii } from '../smtp/path.ts';
import { isPositive, type Reply } from '../smtp/reply.ts';
import type { Finding } from './advice.ts';
import { brokenOff, failed, ok } from './found.ts';
import type { Found, MailStep, RcptStep } from './report.ts';
import type { Telling } from './telling.ts';

/** Whom to ask about. */
export interface Probe {
  /** Without `<>`; empty is the null sender. */
  readonly sender: string;
  readonly recipients: readonly string[];
}

/** Asks, and tells each answer. */
export async function askRecipients(
  probe: Probe,
  session: Session,
  options: ChatOptions,
  telling: Telling,
): Promise<readonly (MailStep | RcptStep)[]> {
  const posting = postingOf(probe, telling.parameters);
  const { sender } = probe;
  const unfit = unfitness(posting, session.capabilities, { peer: telling.peer.name, isLastHost: true });
  if (unfit !== undefined) {
    return [{ step: 'MAIL', sender, ...failed(unfit.text, 'not in UTF-8', unfit, telling) }];
  }
  // A message that nobody sends has neither size nor body.
  const { size, body, ...envelope } = makeEnvelope(posting, [...probe.recipients.keys()]);
  session.countTransaction();
  return tell(probe, await session.chat(probeRecipients(envelope, session.capabilities), options), telling);
}

function postingOf({ sender, recipients }: Probe, parameters: Agent['parameters']): Posting {
  const smtputf8 = ![sender, ...recipients].every(isAscii);
  const delivery = { sender, recipients: recipients.map((address) => ({ address })), destination: '', smtputf8 };
  const message = { ...inspectContent(Buffer.alloc(0)), async *open() {} };
  return { delivery, message, parameters };
}

function tell(
  { sender, recipients }: Probe,
  { mail, recipients: replies, interruption }: ProbeOutcome,
  telling: Telling,
): readonly (MailStep | RcptStep)[] {
  const steps: (MailStep | RcptStep)[] = [];
  if (mail !== undefined) {
    steps.push({ step: 'MAIL', sender, ...tellReply(`<${sender}>`, 'MAIL', mail, telling), said: mail.text });
  }
  for (const [index, said] of replies.entries()) {
    const recipient = recipients[index] ?? '';
    steps.push({ step: 'RCPT', recipient, ...tellReply(`<${recipient}>`, 'RCPT', said, telling), said: said.text });
  }
  if (interruption === undefined || (mail !== undefined && replies.length === recipients.length)) return steps;
  const broken = brokenOff(interruption, telling);
  const recipient = recipients[replies.length] ?? '';
  steps.push(mail === undefined ? { step: 'MAIL', sender, ...broken } : { step: 'RCPT', recipient, ...broken });
  return steps;
}

function tellReply(path: string, stage: 'MAIL' | 'RCPT', reply: Reply, telling: Telling): Found {
  const text = `${path} ${reply.text}`;
  const trouble = isPositive(reply)
    ? undefined
    : answerTrouble({ kind: 'reply', stage, reply }, telling.peer, judgeOf(telling.parameters));
  if (trouble === undefined) return ok(text);
  return failed(text, findingOf(stage, reply, trouble), trouble, telling);
}

function findingOf(stage: 'MAIL' | 'RCPT', { code, text }: Reply, { status }: Trouble): Finding {
  // Cyrus says 430 without a status; RFC 4954 section 6 has 530.
  if (code === 530 || code === 430 || /authenticat\w+ required/i.test(text)) return 'AUTH wanted';
  if (stage === 'MAIL') return 'sender refused';
  if (!status.startsWith('5')) return 'recipient deferred';
  return /^5\.1\.[0-9]+$/.test(status) ? 'recipient unknown' : 'recipient refused';
}
