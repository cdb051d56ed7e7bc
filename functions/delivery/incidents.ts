/**
 * Trouble with a server for the postmaster, with the dialogue that led to it (Postfix notify_classes, smtp_chat.c:smtp_chat_notify). It
 * is noted during an attempt and reported after it.
 */

import type { InterruptionCause } from '../lmtp/dialogue.ts';
import type { OpeningFault } from '../lmtp/opening.ts';
import type { RetireReason } from '../lmtp/transaction-record.ts';
import type { Transcript } from '../session/chat.ts';
import { type Peer, relayName } from '../session/session.ts';
import { isProtocolError } from '../smtp/reply.ts';

/**
 * The class of trouble:
 *
 *   data      a password, a key, a map or the body could not be read
 *   policy    TLS or AUTH did not meet the requirements
 *   protocol  the server sent a reply that does not fit
 *   resource  the time of the function ran out
 */
export type IncidentClass = 'data' | 'policy' | 'protocol' | 'resource';

/** Trouble. */
export interface IncidentNote {
  readonly class: IncidentClass;
  /** What happened, in one line. */
  readonly subject: string;
}

/** Trouble, and the dialogue up to it. */
export interface Incident extends IncidentNote {
  /** `host[address]:port` */
  readonly peer: string;
  /** The destination of the delivery. */
  readonly destination: string;
  /** `In:  ` or `Out: ` and a line; without content and secrets. */
  readonly transcript: readonly string[];
}

/** Lines of a dialogue that are kept, from its beginning and from its end. */
const keptLines = { first: 40, last: 160 };

/** Keeps the beginning and the end of a dialogue. */
export class DialogueRecorder {
  readonly #isWanted: boolean;
  readonly #first: string[] = [];
  readonly #last: string[] = [];
  #left = 0;

  /** @param isWanted false: nothing is kept */
  constructor(isWanted: boolean) {
    this.#isWanted = isWanted;
  }

  /** Returns a transcript that is recorded, and also written to `further`. */
  listen(further: Transcript | undefined): Transcript | undefined {
    if (!this.#isWanted) return further;
    return (side, line) => {
      this.#keep(`${side === 'C' ? 'Out: ' : 'In:  '}${line}`);
      further?.(side, line);
    };
  }

  /** The recorded lines. */
  get lines(): readonly string[] {
    return [...this.#first, ...(this.#left > 0 ? [`(${this.#left} lines)`] : []), ...this.#last];
  }

  #keep(line: string): void {
    if (this.#first.length < keptLines.first) {
      this.#first.push(line);
      return;
    }
    this.#last.push(line);
    if (this.#last.length <= keptLines.last) return;
    this.#last.shift();
    this.#left += 1;
  }
}

/** Returns the incidents with their dialogue; only the first of each class. */
export function withTranscripts(
  notes: readonly IncidentNote[],
  { lines }: DialogueRecorder,
  peer: Peer,
  destination: string,
): readonly Incident[] {
  const first = notes.filter((note, place) => notes.findIndex((other) => other.class === note.class) === place);
  return first.map((note) => ({ ...note, peer: relayName(peer), destination, transcript: lines }));
}

/** Returns the class of a failed opening, if it concerns the postmaster. */
export function openingClass(fault: OpeningFault): IncidentClass | undefined {
  if (fault.kind === 'out of step') return 'protocol';
  if (fault.kind === 'goodbye') return undefined;
  if (fault.kind !== 'refused') return 'policy';
  const { code } = fault.reply;
  // A busy server does not concern the postmaster; a server of another protocol does.
  return isProtocolError(fault.reply) || code < 400 ? 'protocol' : undefined;
}

/** Returns the class of an interruption; a lost connection is a matter of the network. */
export function interruptionClass(reason: InterruptionCause): IncidentClass | undefined {
  const classes = {
    deadline: 'resource',
    body: 'data',
    claim: undefined,
    flood: 'protocol',
    lost: undefined,
    timeout: undefined,
  } as const;
  return classes[reason];
}

/** Returns the class of a session that must not be used again. */
export function retireClass(retire: RetireReason | undefined): IncidentClass | undefined {
  return retire === 'protocol error' || retire === 'out of step' ? 'protocol' : undefined;
}
