/**
 * One connection of a scripted LMTP server: it sends the replies of its script, and records what it received.
 *
 * It is deliberately not a good server. Its next step depends on nothing but the code of the reply it has
 * just given: a MAIL or RCPT is accepted if that begins with 2, content is read after DATA if it begins with
 * 3.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Command,
  type ConnectionNotes,
  type ConnectionTranscript,
  composeTranscript,
} from './connection-transcript.ts';
import { parseDigestResponse, serverProof } from './digest-md5.ts';
import { type ContentRecord, describeContent, unstuff } from './received-content.ts';
import { ReceivedOctets } from './received-octets.ts';
import { detailed, prepareReply } from './scripted-reply.ts';
import { garbage, recordHandshake, shakeHands, type TlsScript } from './scripted-tls.ts';
import {
  type CompleteScript,
  type DetailedReply,
  lhloReply,
  otherReply,
  type ProofReply,
  type RepliesByAddress,
  type ReplyScript,
  type SingleReply,
} from './server-script.ts';

export class ScriptedConnection {
  /** The accepted socket; its end is the end of the connection. */
  readonly #plainSocket: Socket;
  /** The same, or TLS upon it. */
  #socket: Socket;
  readonly #n: number;
  readonly #script: CompleteScript;
  readonly #onMail: (mail: Buffer) => void;
  readonly #received = new ReceivedOctets();
  readonly #commands: Command[] = [];
  readonly #contents: ContentRecord[] = [];
  readonly #uses = new Map<string, number>();
  #tls: ConnectionNotes['tls'] = {};
  #accepted: string[] = [];
  #mailAccepted = false;
  /** Number of AUTH lines answered in the current exchange. */
  #authLines: number | undefined;
  /** Nothing is answered any more. */
  #mute = false;
  #closed = false;
  #end: string | undefined;
  #partialLine = '';
  readonly #stall = Promise.withResolvers<void>();
  /**
   * Settles when the socket is closed and the client's last octet has been read, or when the server reads no
   * more.
   */
  readonly finished: Promise<void>;

  /** @param onMail called with the content of each message, dots removed; also of a broken one */
  constructor(socket: Socket, n: number, script: CompleteScript, onMail: (mail: Buffer) => void) {
    this.#plainSocket = socket;
    this.#socket = socket;
    this.#n = n;
    this.#script = script;
    this.#onMail = onMail;
    const closed = this.#listen();
    this.finished = Promise.race([Promise.all([closed, this.#converse()]).then(() => undefined), this.#stall.promise]);
  }

  /** Resets the connection if it is still open. */
  destroy(): void {
    if (this.#closed) return;
    this.#endedBy('open');
    this.#socket.destroy();
  }

  #listen(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#listenTo(this.#plainSocket);
    this.#plainSocket.on('close', () => {
      this.#endedBy('closed');
      this.#closed = true;
      this.#received.end();
      resolve();
    });
    return promise;
  }

  #listenTo(socket: Socket): void {
    socket.on('data', (octets) => this.#received.push(octets));
    socket.on('end', () => {
      this.#endedBy('client closed');
      this.#received.end();
      socket.end();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#endedBy(error.code === 'ECONNRESET' ? 'client reset' : `error ${error.code}`);
    });
  }

  #endedBy(what: string): void {
    this.#end ??= what;
  }

  async #converse(): Promise<void> {
    const { tls } = this.#script;
    if (tls?.begins === 'implicit') await this.#secure(tls);
    await this.#say('greeting', this.#script.greeting);
    for (;;) {
      const line = await this.#received.line();
      if (line === undefined) break;
      const command: Command = { ...line };
      this.#commands.push(command);
      if (this.#mute) continue;
      if (this.#authLines === undefined) await this.#answer(command);
      else await this.#answerAuth(command, this.#authLines);
    }
    this.#partialLine = this.#received.waiting.toString('latin1').slice(0, 200);
  }

  async #answer(command: Command): Promise<void> {
    const script = this.#script;
    const verb = /^[A-Za-z0-9]+/.exec(command.text)?.[0].toLowerCase() ?? '';
    switch (verb) {
      case 'lhlo':
        await this.#say('lhlo', lhloReply(script, this.#tls.tls !== undefined));
        break;
      case 'mail':
        this.#mailAccepted = classOf(await this.#say('mail', script.mail)) === 2;
        this.#accepted = [];
        break;
      case 'rcpt':
        await this.#answerRcpt(command.text);
        break;
      case 'data':
        await this.#answerData();
        break;
      case 'rset':
        this.#forgetTransaction();
        await this.#say('rset', script.rset);
        break;
      case 'quit':
        await this.#say('quit', script.quit);
        break;
      case 'auth':
        await this.#answerAuth(command, 0);
        break;
      default: {
        if (verb === 'starttls' && script.tls !== undefined) return await this.#answerStartTls(script.tls);
        const reply = otherReply(script, verb);
        await (reply === undefined ? this.#say('unknown', script.unknown) : this.#say(verb, reply));
      }
    }
  }

  async #answerStartTls(tls: TlsScript): Promise<void> {
    if (this.#tls.tls !== undefined) {
      await this.#say('starttls again', '503 5.5.1 TLS is on');
      return;
    }
    this.#socket.cork();
    const code = await this.#say('starttls', this.#script.starttls ?? '220 2.0.0 ready to start TLS');
    const begins = code === 220 && !this.#mute;
    if (begins) this.#write(Buffer.from(tls.injected ?? ''));
    this.#socket.uncork();
    if (begins) await this.#secure(tls);
  }

  /** Makes the handshake, or its replacement. After it, everything before is forgotten. */
  async #secure(tls: TlsScript): Promise<void> {
    const behind = this.#received.take(this.#received.waiting.length).toString('latin1');
    if (behind !== '') this.#tls = { ...this.#tls, behind_starttls: behind };
    if (tls.handshake !== undefined && tls.handshake !== 'right') {
      if (tls.handshake === 'garbage') {
        // Sent in reply to the client's first octets: octets before them are not part of a handshake.
        await this.#received.more();
        this.#write(garbage);
      }
      await this.#follow(tls.handshake === 'garbage' ? 'silence' : tls.handshake);
      return;
    }
    this.#plainSocket.removeAllListeners('data');
    try {
      const secured = await shakeHands(this.#plainSocket, tls);
      this.#socket = secured;
      this.#listenTo(secured);
      this.#tls = { ...this.#tls, tls: recordHandshake(secured) };
      this.#commands.push({ text: '<TLS>', read: this.#received.lastRead });
    } catch (error) {
      this.#tls = { ...this.#tls, handshake_error: error instanceof Error ? error.message : String(error) };
      this.#mute = true;
    }
    this.#forgetTransaction();
  }

  async #answerRcpt(text: string): Promise<void> {
    const address = /^RCPT TO:\s*<((?:"(?:\\.|[^"])*"|[^">])*)>/i.exec(text)?.[1] ?? '';
    const code = this.#mailAccepted
      ? await this.#sayTo(address, 'rcpt', this.#script.rcpt)
      : await this.#say('rcpt_no_mail', this.#script.rcpt_no_mail);
    if (classOf(code) === 2) this.#accepted.push(address);
  }

  async #answerData(): Promise<void> {
    const code =
      this.#accepted.length > 0
        ? await this.#say('data', this.#script.data)
        : await this.#say('data_no_rcpt', this.#script.data_no_rcpt);
    // Even if `then` made the server mute: the client's next octets are content.
    if (classOf(code) !== 3) return;
    if ((await this.#readContent()) && !this.#mute) await this.#sayFinalReplies();
  }

  /** Reads up to the final dot. False if the client closed before it. */
  async #readContent(): Promise<boolean> {
    const act = this.#script.content;
    let acted = act === undefined;
    let searched = 0;
    for (;;) {
      const end = findEnd(this.#received.waiting, searched);
      const seen = end ?? this.#received.waiting.length;
      if (act !== undefined && !acted && seen >= (act.after_bytes ?? 0)) {
        acted = true;
        await this.#sayOnce(act);
      }
      if (end !== undefined) {
        this.#keepContent(end);
        return true;
      }
      searched = seen;
      if (!(await this.#received.more())) {
        this.#keepBrokenContent();
        return false;
      }
    }
  }

  #keepContent(length: number): void {
    const wire = Buffer.from(this.#received.take(length));
    this.#onMail(unstuff(wire).mail);
    this.#contents.push(describeContent(wire));
    this.#received.take(3);
    const read = this.#received.readOf(0);
    this.#commands.push({ text: '<content>', read }, { text: '.', read });
  }

  #keepBrokenContent(): void {
    const wire = this.#received.take(this.#received.waiting.length);
    this.#onMail(unstuff(wire).mail);
    this.#contents.push({ complete: false });
    this.#commands.push({ text: '<incomplete content>', read: this.#received.lastRead });
  }

  async #sayFinalReplies(): Promise<void> {
    const { final, final_count, final_extra = [] } = this.#script;
    for (const address of this.#accepted.slice(0, final_count)) {
      await this.#sayTo(address, 'final', final);
      if (this.#mute) return;
    }
    for (const extra of final_extra) {
      await this.#sayOnce(detailed(extra));
      if (this.#mute) return;
    }
    this.#forgetTransaction();
  }

  #forgetTransaction(): void {
    this.#accepted = [];
    this.#mailAccepted = false;
  }

  async #answerAuth(command: Command, lines: number): Promise<void> {
    const base64 = lines === 0 ? command.text.split(' ')[2] : command.text;
    if (base64 !== undefined && /^[A-Za-z0-9+/=]+$/.test(base64)) {
      command.decoded = Buffer.from(base64, 'base64').toString('latin1').replaceAll('\0', '\\0');
    }
    const { auth, auth_server: server } = this.#script;
    const step = server?.(command.text, this.#socket) ?? auth[Math.min(lines, auth.length - 1)];
    const code = step === undefined ? 0 : await this.#sayOnce(this.#authReply(step, command.decoded ?? ''));
    this.#authLines = code === 334 ? lines + 1 : undefined;
  }

  #authReply(step: SingleReply | ProofReply, response: string): DetailedReply {
    if (typeof step === 'string' || !('rspauth' in step)) return detailed(step);
    const right = step.rspauth === 'right';
    const proof = right
      ? serverProof(parseDigestResponse(response), this.#script.digest_password ?? '')
      : '0'.repeat(32);
    return { ...step, reply: `334 ${Buffer.from(`rspauth=${proof}`).toString('base64')}` };
  }

  #sayTo(address: string, table: 'rcpt' | 'final', replies: RepliesByAddress): Promise<number> {
    const key = Object.hasOwn(replies, address) ? address : 'default';
    return this.#say(`${table} ${key}`, replies[key] ?? []);
  }

  /** Sends the reply for this use of a stage. Resolves to its code. */
  #say(stage: string, reply: ReplyScript): Promise<number> {
    if (typeof reply === 'string' || !('each' in reply)) return this.#sayOnce(detailed(reply));
    const use = this.#uses.get(stage) ?? 0;
    this.#uses.set(stage, use + 1);
    return this.#sayOnce(detailed(reply.each[use] ?? reply.each.at(-1) ?? []));
  }

  /** Sends a reply, with its consequences. Resolves to its code. */
  async #sayOnce(reply: DetailedReply): Promise<number> {
    if (this.#mute) return 0;
    if (reply.delay_ms) await sleep(reply.delay_ms);
    const { octets, code } = prepareReply(reply);
    if (reply.byte_gap_ms === undefined) this.#write(octets);
    else await this.#writeSlowly(octets, reply.byte_gap_ms);
    await this.#follow(reply.then ?? 'continue');
    return code;
  }

  async #writeSlowly(octets: Buffer, gap: number): Promise<void> {
    for (const octet of octets) {
      if (this.#closed) return;
      this.#write(Buffer.from([octet]));
      await sleep(gap);
    }
  }

  #write(octets: Buffer): void {
    if (octets.length > 0 && !this.#closed && this.#socket.writable) this.#socket.write(octets);
  }

  async #follow(then: NonNullable<DetailedReply['then']>): Promise<void> {
    if (then === 'continue') return;
    this.#mute = true;
    switch (then) {
      case 'close':
        this.#endedBy('server closed');
        this.#socket.end();
        break;
      case 'reset':
        // The reply must have left before: octets in the sending socket are lost with a RST.
        await sleep(20);
        this.#endedBy('server reset');
        this.#plainSocket.resetAndDestroy();
        break;
      case 'stall':
        this.#socket.pause();
        this.#endedBy('server stalled');
        this.#stall.resolve();
        break;
      case 'silence':
        break;
      default:
        then satisfies never;
    }
  }

  /** The record so far. */
  transcript(): ConnectionTranscript {
    return composeTranscript({
      n: this.#n,
      commands: this.#commands,
      contents: this.#contents,
      tls: this.#tls,
      partialLine: this.#partialLine,
      end: this.#end ?? 'open',
      password: this.#script.digest_password,
    });
  }
}

function classOf(code: number): number {
  return Math.floor(code / 100);
}

/** Where the content ends: just before the line that is only a dot. `searched` octets were searched before. */
function findEnd(octets: Buffer, searched: number): number | undefined {
  if (octets.subarray(0, 3).toString('latin1') === '.\r\n') return 0;
  const at = octets.indexOf('\r\n.\r\n', Math.max(0, searched - 5));
  return at >= 0 ? at + 2 : undefined;
}
