/**
 * Trouble with a server that a postmaster may want to see with the dialogue that led to it (Postfix notify_classes,
 * smtp_chat.c:smtp_chat_notify): noted while an attempt goes on, told when it is over.
 */

import type { InterruptionCause } from '../lmtp/dialogue.ts';
import type { RetireReason } from '../lmtp/transaction.ts';
import type { Transcript } from '../session/chat.ts';
import type { OpeningFault } from '../session/opening.ts';
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

/** Trouble, and the dialogue up to it. */
export interface Incident {
  readonly class: IncidentClass;
  /** What happened, in one line. */
  readonly subject: string;
  /** `host[address]:port` */
  readonly peer: string;
  /** As the delivery has it. */
  readonly destination: string;
  /** `In:  ` or `Out: ` and a line; without content and secrets. */
  readonly transcript: readonly string[];
}

/** Lines of a dialogue that are kept: from its beginning, and from its end. */
const keptLines = { first: 40, last: 160 };

/** What is noted of one attempt. */
export class IncidentLog {
  readonly #peer: string;
  readonly #destination: string;
  readonly #tell: ((incident: Incident) => void) | undefined;
  readonly #first: string[] = [];
  readonly #last: string[] = [];
  #left = 0;
  readonly #noted = new Map<IncidentClass, string>();

  /** @param tell who is told; without it nothing is kept */
  constructor(peer: string, destination: string, tell: ((incident: Incident) => void) | undefined) {
    this.#peer = peer;
    this.#destination = destination;
    this.#tell = tell;
  }

  /** A transcript that is kept here, beside being written wherever it was written. */
  listen(further: Transcript | undefined): Transcript | undefined {
    if (this.#tell === undefined) return further;
    return (side, line) => {
      this.#keep(`${side === 'C' ? 'Out: ' : 'In:  '}${line}`);
      further?.(side, line);
    };
  }

  /** Notes trouble; of each class the first counts. */
  note(about: IncidentClass | undefined, subject: string): void {
    if (about !== undefined && !this.#noted.has(about)) this.#noted.set(about, subject);
  }

  /** Tells what was noted, once. */
  tell(): void {
    const transcript = [...this.#first, ...(this.#left > 0 ? [`(${this.#left} lines)`] : []), ...this.#last];
    for (const [about, subject] of this.#noted) {
      this.#tell?.({ class: about, subject, peer: this.#peer, destination: this.#destination, transcript });
    }
    this.#noted.clear();
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

/** What an opening that came to nothing is about, if a postmaster should see it. */
export function openingClass(fault: OpeningFault): IncidentClass | undefined {
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
