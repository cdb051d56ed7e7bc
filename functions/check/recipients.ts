/**
 * The replies of a server to an envelope: MAIL and RCPT, then RSET. Nothing is delivered.
 */

import { makeEnvelope, missingCapability, type Posting } from '../delivery/envelope.ts';
import { judgeOf } from '../delivery/judge.ts';
import { inspectContent } from '../delivery/message.ts';
import { answerTrouble, type Trouble } from '../delivery/trouble.ts';
import { peerWords } from '../delivery/verdicts.ts';
import { type ProbeOutcome, probeRecipients } from '../lmtp/recipient-probe.ts';
import type { ChatOptions } from '../session/chat.ts';
import type { Session } from '../session/session.ts';
import { isPositive, type Reply } from '../smtp/reply.ts';
import type { Finding } from './advice.ts';
import { failed, interrupted, ok, type Site } from './found.ts';
import type { StepNamed } from './report.ts';

/** Sender and recipients to ask about. */
export interface Probe {
  /** Without `<>`; empty is the null sender. */
  readonly sender: string;
  readonly recipients: readonly string[];
}

type EnvelopeStep = StepNamed<'MAIL'> | StepNamed<'RCPT'>;

/** Returns a step for each reply. */
export async function askRecipients(
  probe: Probe,
  session: Session,
  options: ChatOptions,
  site: Site,
): Promise<readonly EnvelopeStep[]> {
  const { sender, recipients } = probe;
  const delivery = {
    sender,
    recipients: recipients.map((address) => ({ address })),
    destination: '',
  };
  const message = { ...inspectContent(Buffer.alloc(0)), async *open() {} };
  const posting: Posting = { delivery, message, parameters: site.parameters };
  const unfit = missingCapability(posting, session.capabilities, { peer: peerWords(site.peer).name, isLastHost: true });
  if (unfit !== undefined) return [{ step: 'MAIL', sender, ...failed(unfit, 'not in UTF-8', site) }];
  // There is no message, so neither size nor body is declared.
  const { size, body, ...envelope } = makeEnvelope(posting, [...recipients.keys()]);
  session.countTransaction();
  return stepsFor(probe, await session.chat(probeRecipients(envelope, session.capabilities), options), site);
}

function stepsFor(
  { sender, recipients }: Probe,
  { mail, recipients: replies, interruption }: ProbeOutcome,
  site: Site,
): readonly EnvelopeStep[] {
  const steps: EnvelopeStep[] = [
    ...(mail === undefined ? [] : [replyStep({ step: 'MAIL', sender }, sender, mail, site)]),
    ...replies.map((said, index) => {
      const recipient = recipients[index] ?? '';
      return replyStep({ step: 'RCPT', recipient }, recipient, said, site);
    }),
  ];
  if (interruption === undefined || (mail !== undefined && replies.length === recipients.length)) return steps;
  const failure = interrupted(interruption, site);
  const recipient = recipients[replies.length] ?? '';
  steps.push(mail === undefined ? { step: 'MAIL', sender, ...failure } : { step: 'RCPT', recipient, ...failure });
  return steps;
}

type Asked = { readonly step: 'MAIL'; readonly sender: string } | { readonly step: 'RCPT'; readonly recipient: string };

function replyStep(asked: Asked, address: string, reply: Reply, site: Site): EnvelopeStep {
  const { step: stage } = asked;
  const text = `<${address}> ${reply.text}`;
  const trouble = isPositive(reply)
    ? undefined
    : answerTrouble({ kind: 'reply', stage, reply }, peerWords(site.peer), judgeOf(site.parameters));
  const found = trouble === undefined ? ok(text) : failed(trouble, findingOf(stage, reply, trouble), site, text);
  return { ...asked, ...found, said: reply.text };
}

function findingOf(stage: 'MAIL' | 'RCPT', { code, text }: Reply, { status }: Trouble): Finding {
  // Cyrus says 430 without a status; RFC 4954 section 6 has 530.
  if (code === 530 || code === 430 || /authenticat\w{1,10} required/i.test(text)) return 'AUTH wanted';
  if (stage === 'MAIL') return 'sender refused';
  if (!status.startsWith('5')) return 'recipient deferred';
  return /^5\.1\.[0-9]+$/.test(status) ? 'recipient unknown' : 'recipient refused';
}
