/**
 * Plays a transcript against a dialogue: the lines of the dialogue are compared one by one, the lines of the server are fed to
 * it. No socket, no clock.
 *
 *     const { result } = converse(transaction(mailTo('a@x', 'b@x'), offers('PIPELINING')), `
 *       C: MAIL FROM:<alice@x>
 *       C: RCPT TO:<a@x>
 *       C: DATA
 *       S: 250 ok
 *       ...
 *       C: <content>
 *       C: .
 *       S: 250 saved
 *       S: (lost)
 *     `);
 *
 * `C: AUTH PLAIN …` means any line with that beginning. `S+: 250 extra` is an unexpected line: it is read where the
 * dialogue listens for such lines. `S~: 552 early` is the same, but arrives only while content is being sent.
 *
 * Lines of the server in brackets are interruptions at the step that waits: `S: (lost)`, `S: (timeout)`, `S: (deadline)`,
 * `S: (flood)`. During the content they follow it: `C: <content> (lost)`, `C: <content> (body)`, and `C: . (lost)` if
 * the dot was already sent. Replies received before a loss follow as `S:` lines.
 *
 * `C: <TLS>` is a handshake whose certificate matches; `C: <TLS> (unmatched)` and `C: <TLS> (failed)` are others, and
 * `C: <TLS> (deadline)` is one that our own deadline ends. It discards unexpected lines before it that were not read.
 */
import {
  type Dialogue,
  type Handshake,
  Interrupted,
  type InterruptionCause,
  type OpeningPart,
  type Resumption,
  type Step,
} from '../../functions/lmtp/dialogue.ts';
import { type Reply, ReplyAssembler } from '../../functions/smtp/reply.ts';
import type { Secured } from '../../functions/tls/secured.ts';

/** The result of a conversation. */
export interface Conversation<T> {
  readonly result: T;
  /** The recipients in the order of their reports. */
  readonly told: readonly Told[];
  /** The parts of an opening, in the order of their ends. */
  readonly opened: readonly OpeningPart[];
}

/** Conditions of a dialogue that its transcript does not show. */
export interface Circumstances {
  /** The result of the handshake of `C: <TLS>`, where that matters. */
  readonly secured?: Partial<Secured>;
}

/** A recipient that was reported sent before the end, and when. */
export interface Told {
  readonly index: number;
  /** Of its final reply. */
  readonly code: number;
  /** Replies that had been read by then. */
  readonly replies: number;
}

/** The dialogue and the transcript differ. */
export class TranscriptError extends Error {
  override readonly name = 'TranscriptError';
}

/**
 * Plays to the end of both.
 *
 * @throws TranscriptError showing the two side by side where they differ
 * @throws Interrupted what the dialogue does not catch
 */
export function converse<T>(
  dialogue: Dialogue<T>,
  transcript: string,
  circumstances: Circumstances = {},
): Conversation<T> {
  const player = new Player(transcript, circumstances);
  let next = dialogue.next();
  while (!next.done) {
    let resumption: Resumption;
    try {
      resumption = player.perform(next.value);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      next = dialogue.throw(error);
      continue;
    }
    next = dialogue.next(resumption);
  }
  player.finish();
  return { result: next.value, told: player.told, opened: player.opened };
}

const causes: readonly InterruptionCause[] = ['timeout', 'lost', 'deadline', 'flood', 'body', 'claim'];

class Player {
  readonly told: Told[] = [];
  readonly opened: OpeningPart[] = [];
  readonly #secured: Partial<Secured>;
  readonly #expected: readonly string[];
  readonly #actual: string[] = [];
  #replies = 0;
  /** Content was being sent when the server replied. */
  #isInContent = false;

  constructor(transcript: string, { secured = {} }: Circumstances) {
    this.#secured = secured;
    this.#expected = transcript
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const odd = this.#expected.find((line) => !/^(?:C|S[+~]?): ?/.test(line));
    if (odd !== undefined) throw new TypeError(`"${odd}": a line of a transcript begins with C:, S:, S+: or S~:`);
  }

  perform(step: Step): Resumption {
    switch (step.step) {
      case 'send':
        this.#say(`C: ${step.line}`);
        return undefined;
      case 'receive':
        return step.buffered ? this.#readBuffered() : this.#read(step);
      case 'secure':
        return this.#secure();
      case 'opened':
        this.opened.push(step.part);
        return undefined;
      case 'admit':
        return undefined;
      case 'content':
        // If something was sent meanwhile, the driver stops.
        if (step.heeds && this.#next?.startsWith('S~: ')) this.#isInContent = true;
        else this.#sayContent('C: <content>', 'content');
        return undefined;
      case 'dot':
        this.#sayContent('C: .', 'dot');
        return undefined;
      case 'listen':
        return this.#isStray ? this.#readBuffered(this.#isInContent ? 'S~: ' : 'S+: ') : undefined;
      case 'progress':
        this.told.push({ index: step.index, code: step.reply.code, replies: this.#replies });
        return undefined;
      default:
        return step satisfies never;
    }
  }

  /** The dialogue is over, and so must the transcript be. */
  finish(): void {
    if (this.#actual.length < this.#expected.length) this.#part('(the end)');
  }

  get #next(): string | undefined {
    return this.#expected[this.#actual.length];
  }

  #say(line: string): void {
    const wanted = this.#next;
    const fits = wanted?.endsWith(' …') ? line.startsWith(wanted.slice(0, -1)) : line === wanted;
    if (!fits) this.#part(line);
    this.#actual.push(line);
  }

  get #isStray(): boolean {
    return this.#next?.startsWith(this.#isInContent ? 'S~: ' : 'S+: ') ?? false;
  }

  #sayContent(line: string, stage: 'content' | 'dot'): void {
    const cause = this.#next?.startsWith(`${line} (`) ? interruptionIn(this.#next) : undefined;
    this.#say(cause === undefined ? line : `${line} (${cause})`);
    if (cause !== undefined) throw new Interrupted(stage, cause);
  }

  #secure(): Handshake {
    while (this.#next?.startsWith('S+: ')) this.#actual.push(this.#next);
    const [, how] = /^C: <TLS> \((\w+)\)$/.exec(this.#next ?? '') ?? [];
    this.#say(how === undefined ? 'C: <TLS>' : `C: <TLS> (${how})`);
    if (how === 'deadline') throw new Interrupted('STARTTLS', 'deadline');
    if (how === 'failed') return { kind: 'TLS failed', reason: 'wrong version number' };
    const matched = how !== 'unmatched';
    const [protocol, cipher] = ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'];
    return {
      kind: 'secured',
      secured: { protocol, cipher, bindings: [], hasClientCertificate: false, ...this.#secured },
      judgement: {
        facts: { protocol, cipher, level: 'verify', matched, trusted: matched },
        ...(matched ? {} : { reason: 'Server certificate not trusted' }),
      },
    };
  }

  #read({ stage }: Extract<Step, { step: 'receive' }>): Reply {
    const assembler = new ReplyAssembler();
    for (;;) {
      const line = this.#next;
      if (line === undefined || !line.startsWith('S:')) return this.#part(`(waits for a reply to ${stage})`);
      this.#actual.push(line);
      const cause = interruptionIn(line);
      if (cause !== undefined) throw new Interrupted(stage, cause);
      const reply = assembler.take(line.slice('S: '.length));
      if (reply === undefined) continue;
      this.#replies += 1;
      return reply;
    }
  }

  /** A reply that arrived before the connection broke, if there is one. */
  #readBuffered(mark = 'S: '): Reply | undefined {
    const assembler = new ReplyAssembler();
    while (this.#next?.startsWith(mark)) {
      const line = this.#next;
      this.#actual.push(line);
      const reply = assembler.take(line.slice(mark.length));
      if (reply === undefined) continue;
      this.#replies += 1;
      return reply;
    }
    return undefined;
  }

  #part(line: string): never {
    const actual = [...this.#actual, line].map(shown);
    const expected = this.#expected.map(shown);
    const width = Math.max(...expected.map(({ length }) => length), 'expected'.length);
    const rows = Array.from({ length: Math.max(actual.length, expected.length) }, (_, index) => {
      const wanted = expected[index] ?? '(the end)';
      const mark = index === this.#actual.length ? '|>' : '| ';
      return `${wanted.padEnd(width)} ${mark} ${actual[index] ?? ''}`.trimEnd();
    });
    const head = `${'expected'.padEnd(width)} |  actual`;
    throw new TranscriptError(`the conversation took another course\n\n${[head, ...rows].join('\n')}\n`);
  }
}

function interruptionIn(line: string): InterruptionCause | undefined {
  const word = /\((\w+)\)$/.exec(line)?.[1];
  return causes.find((cause) => cause === word);
}

/** A line with room for another beside it. */
function shown(line: string): string {
  return line.length <= 70 ? line : `${line.slice(0, 69)}…`;
}
