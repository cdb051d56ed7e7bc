/**
 * Trouble with a server that a postmaster may want to see with the dialogue that led to it (Postfix notify_classes,
 * smtp_chat.c:smtp_chat_notify): noted while an attempt goes on, told when it is over.
 */

import type { InterruptionCause } from '../lmtp/dialogue.ts';
import type { RetireReason } from '../lmtp/heard.ts';
import type { OpeningFault } from '../lmtp/opening.ts';
import type { Transcript } from '../session/chat.ts';
import { type Peer, relayName } from '../session/session.ts';
import { isProtocolError } from '../smtp/reply.ts';

/**
 * What trouble is about:
 *
 *   data      a password, a key, a map or the body could not be read
 *   policy    TLS or AUTH was not had as it must be
 *   protocol  the server said what does not belong there
 *   resource  our own time ran out
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
  /** As the delivery has it. */
  readonly destination: string;
  /** `In:  ` or `Out: ` and a line; without content and secrets. */
  readonly transcript: readonly string[];
}

/** Lines of a dialogue that are kept: from its beginning, and from its end. */
const keptLines = { first: 40, last: 160 };

/** Keeps the beginning and the end of a dialogue. */
export class DialogueKeeper {
  readonly #isWanted: boolean;
  readonly #first: string[] = [];
  readonly #last: string[] = [];
  #left = 0;

  /** @param isWanted false: nothing is kept */
  constructor(isWanted: boolean) {
    this.#isWanted = isWanted;
  }

  /** A transcript that is kept here, beside being written wherever it was written. */
  listen(further: Transcript | undefined): Transcript | undefined {
    if (!this.#isWanted) return further;
    return (side, line) => {
      this.#keep(`${side === 'C' ? 'Out: ' : 'In:  '}${line}`);
      further?.(side, line);
    };
  }

  /** The lines that were kept. */
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

/** Incidents with the dialogue that led to them; of each class the first counts. */
export function illustrate(
  notes: readonly IncidentNote[],
  { lines }: DialogueKeeper,
  peer: Peer,
  destination: string,
): readonly Incident[] {
  const first = notes.filter((note, place) => notes.findIndex((other) => other.class === note.class) === place);
  return first.map((note) => ({ ...note, peer: relayName(peer), destination, transcript: lines }));
}

/** What an opening that came to nothing is about, if a postmaster should see it. */
export function openingClass(fault: OpeningFault): IncidentClass | undefined {
  if (fault.kind === 'out of step') return 'protocol';
  if (fault.kind === 'goodbye') return undefined;
  if (fault.kind !== 'refused') return 'policy';
  const { code } = fault.reply;
  // A busy server is none of the postmaster's business; one that speaks something else is.
  return isProtocolError(fault.reply) || code < 400 ? 'protocol' : undefined;
}

/** What an interruption is about; a lost connection is the network's business. */
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

/** What the end of a session's usefulness is about. */
export function retireClass(retire: RetireReason | undefined): IncidentClass | undefined {
  return retire === 'protocol error' || retire === 'out of step' ? 'protocol' : undefined;
}
