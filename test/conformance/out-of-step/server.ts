/**
 * An LMTP server that really stores, and whose output has a line too many or too few.
 *
 * It does what any server does: commands in order, content up to the dot after its 354, one final reply for
 * each accepted recipient, output that is flushed before it waits. It knows its decision about each
 * recipient, whatever its replies make a client believe.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReceivedOctets } from '../../support/received-octets.ts';
import {
  contentOf,
  type Decision,
  decisionReply,
  decisionsFor,
  type Ending,
  type Fault,
  isMisplacing,
  type Place,
  recipientOf,
  type Scenario,
  senderOf,
} from './scenario.ts';

/** The real outcome of one recipient of one message. */
export interface Fate {
  /** How often the message was stored. */
  kept: number;
  /** How often something else was stored in its place. */
  junk: number;
  /** A 5xx was decided for this recipient. */
  isRefused: boolean;
  /** A decision was never sent, because the server closed before. */
  isUnanswered: boolean;
}

/** Milliseconds between two lines that are not sent together. */
const gapLength = 60;
/** Milliseconds that a paced server waits after each final reply. */
const pace = 20;
/** Milliseconds after a transaction when a server closes a parked session. */
const idleTime = 40;
/** Octets of content after which a server sends its early reply. */
const earlyAfter = 64 * 1024;

/** A server with a fault. */
export class OutOfStepServer implements AsyncDisposable {
  readonly scenario: Scenario;
  /** Lines in the order of the wire, by connection. */
  readonly transcript: string[] = [];
  /** How often a line was sent out of place, or was withheld. */
  misplaced = 0;
  /** How often the server sent something and then waited for the client: the round trips. */
  turns = 0;
  connections = 0;
  readonly #fates = new Map<string, Fate>();
  readonly #sockets = new Set<Socket>();
  readonly #listener = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#serve(socket));
  readonly #finished = new Set<Promise<void>>();

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  /** Listens on a free loopback port. */
  async start(): Promise<this> {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    return this;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Returns the outcome of a recipient so far; messages are counted from 1, recipients from 0. */
  fate(message: number, recipient: number): Fate {
    const key = `${message} ${recipient}`;
    const known = this.#fates.get(key);
    if (known !== undefined) return known;
    const fresh: Fate = { kept: 0, junk: 0, isRefused: false, isUnanswered: false };
    this.#fates.set(key, fresh);
    return fresh;
  }

  /** Waits until every connection has ended, at most two seconds. */
  async settle(): Promise<void> {
    const ended = new AbortController();
    await Promise.race([
      Promise.all(this.#finished),
      sleep(2000, undefined, { signal: ended.signal }).catch(() => undefined),
    ]);
    ended.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.#listener.close(closed));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    this.connections += 1;
    this.#finished.add(new Connection(this, socket, this.connections).finished);
  }
}

class Connection {
  readonly #server: OutOfStepServer;
  readonly #socket: Socket;
  readonly #n: number;
  readonly #fault: Fault | undefined;
  readonly #received = new ReceivedOctets();
  #out: string[] = [];
  /** Nothing more is sent. */
  #isMute = false;
  #hasClosed = false;
  #hasSlipped = false;
  #transaction = 0;
  #message = 0;
  #isMailed = false;
  #rcpts = 0;
  /** Accepted recipients, by index. */
  #accepted: number[] = [];
  readonly finished: Promise<void>;

  constructor(server: OutOfStepServer, socket: Socket, n: number) {
    this.#server = server;
    this.#socket = socket;
    this.#n = n;
    const { fault } = server.scenario;
    this.#fault = fault?.once === true && n > 1 ? undefined : fault;
    socket.on('data', (octets) => this.#received.push(octets));
    socket.on('end', () => {
      this.#received.end();
      socket.end();
    });
    socket.on('error', () => {});
    const closed = new Promise<void>((resolve) => {
      socket.on('close', () => {
        this.#received.end();
        resolve();
      });
    });
    this.finished = Promise.all([closed, this.#converse()]).then(() => undefined);
  }

  async #converse(): Promise<void> {
    await this.#say('greeting', undefined, '220 store.test LMTP ready');
    for (let line = await this.#next(); line !== undefined; line = await this.#next()) {
      this.#log('C', line);
      if (!this.#isMute) await this.#answer(line);
    }
  }

  /** Returns the next command. Pending output is flushed before the wait. */
  async #next(): Promise<string | undefined> {
    if (!this.#received.waiting.includes('\n')) this.#flush();
    return (await this.#received.line())?.text;
  }

  async #answer(line: string): Promise<void> {
    const verb = line.slice(0, 4).toUpperCase();
    switch (verb) {
      case 'LHLO':
        this.#forget();
        return await this.#say('LHLO', undefined, ...this.#capabilities());
      case 'MAIL':
        return await this.#answerMail(line);
      case 'RCPT':
        return await this.#answerRcpt(line);
      case 'DATA':
        return await this.#answerData();
      case 'RSET':
        this.#forget();
        return await this.#say('RSET', undefined, '250 2.0.0 reset');
      case 'NOOP':
        return this.#put('250 2.0.0 ok');
      case 'QUIT':
        this.#put('221 2.0.0 bye');
        return this.#close();
      default:
        return this.#put('500 5.5.2 unknown command');
    }
  }

  #capabilities(): readonly string[] {
    const { pipelining } = this.#server.scenario;
    return ['250-store.test', ...(pipelining ? ['250-PIPELINING'] : []), '250 ENHANCEDSTATUSCODES'];
  }

  #forget(): void {
    this.#isMailed = false;
    this.#accepted = [];
  }

  async #answerMail(line: string): Promise<void> {
    if (this.#isMailed) return this.#put('503 5.5.1 nested MAIL');
    const { messages, refusedAt, decisions } = this.#server.scenario;
    const numbers = Array.from({ length: messages }, (_, index) => index + 1);
    this.#message = numbers.find((message) => line.includes(`<${senderOf(message)}>`)) ?? 0;
    this.#transaction += 1;
    this.#rcpts = 0;
    this.#accepted = [];
    if (refusedAt === 'MAIL') {
      for (const index of decisions.keys()) this.#fate(index).isRefused = true;
      return await this.#say('MAIL', undefined, '550 5.7.1 not from you');
    }
    this.#isMailed = true;
    await this.#say('MAIL', undefined, '250 2.1.0 sender ok');
  }

  async #answerRcpt(line: string): Promise<void> {
    if (!this.#isMailed) return this.#put('503 5.5.1 MAIL first');
    const decisions = this.#decisions();
    const index = decisions.findIndex((_, recipient) => line.includes(`<${recipientOf(recipient)}>`));
    const nth = this.#rcpts;
    this.#rcpts += 1;
    const decision = decisions[index];
    if (decision === undefined) return this.#put('501 5.1.3 bad address');
    if (decision === 'r') this.#fate(index).isRefused = true;
    if (decision === 'r' || decision === 'f') return await this.#say('RCPT', nth, decisionReply[decision]);
    this.#accepted.push(index);
    await this.#say('RCPT', nth, '250 2.1.5 recipient ok');
  }

  async #answerData(): Promise<void> {
    if (this.#accepted.length === 0) return this.#put('503 5.5.1 no valid recipients');
    if (this.#server.scenario.refusedAt === 'DATA') {
      for (const index of this.#accepted) this.#fate(index).isRefused = true;
      this.#forget();
      return await this.#say('DATA', undefined, '554 5.7.1 no mail for now and ever');
    }
    await this.#say('DATA', undefined, '354 go ahead');
    // The content may be on its way before the client sees that the server has closed.
    if (this.#hasClosed) for (const index of this.#accepted) this.#fate(index).isUnanswered = true;
    const content = await this.#readContent();
    if (content === undefined || this.#isMute) return;
    this.#decide(content);
    await this.#sayFinals();
  }

  /**
   * Reads up to the final dot; `undefined` where the client closes before it, or the server has given its
   * verdict early.
   */
  async #readContent(): Promise<string | undefined> {
    this.#flush();
    let tail = Buffer.from('\r\n');
    let octets = 0;
    let kept = '';
    let isJudged = false;
    for (;;) {
      const seen = Buffer.concat([tail, this.#received.waiting]);
      const end = seen.indexOf('\r\n.\r\n');
      const taken = this.#received.take(end < 0 ? seen.length - tail.length : end + 5 - tail.length);
      octets += taken.length;
      if (kept.length < 4096) kept += taken.toString('latin1');
      if (end >= 0) break;
      tail = seen.subarray(-4);
      if (octets >= earlyAfter && !isJudged) isJudged = await this.#speakEarly();
      if (!(await this.#received.more())) {
        this.#log('C', `<${octets} octets of content, and no end>`);
        return undefined;
      }
    }
    this.#log('C', octets > 4096 ? `<${octets} octets of content>` : `<content> ${JSON.stringify(kept.slice(0, -3))}`);
    this.#log('C', '.');
    if (isJudged && this.#fault?.slip.kind === 'instead') {
      this.#forget();
      return undefined;
    }
    return kept.slice(0, -3);
  }

  /** The early reply of a server that rejects the content while it reads. */
  async #speakEarly(): Promise<boolean> {
    const fault = this.#faultAt('content', undefined);
    if (fault === undefined || this.#hasSlipped) return false;
    if (fault.slip.kind === 'instead') for (const index of this.#accepted) this.#fate(index).isRefused = true;
    await this.#say('content', undefined);
    this.#flush();
    this.#socket.pause();
    await sleep(50);
    this.#socket.resume();
    return true;
  }

  #decide(content: string): void {
    const decisions = this.#decisions();
    // A large message is recognised by its beginning.
    const isRight = this.#server.scenario.size !== undefined || content === contentOf(this.#message);
    for (const index of this.#accepted) {
      const fate = this.#fate(index);
      const decision = decisions[index];
      if (decision === 'K' && isRight) fate.kept += 1;
      else if (decision === 'K') fate.junk += 1;
      if (decision === 'R') fate.isRefused = true;
      fate.isUnanswered = true;
    }
  }

  async #sayFinals(): Promise<void> {
    const decisions: readonly (Decision | undefined)[] = this.#decisions();
    for (const [nth, index] of this.#accepted.entries()) {
      if (this.#isMute) return;
      await this.#say('final', nth, this.#finalReply(index, decisions[index] ?? 'F'));
      this.#fate(index).isUnanswered = false;
      if (this.#server.scenario.isPaced) await this.#pause(pace);
    }
    this.#forget();
    if (this.#isMute) return;
    const { ending } = this.#fault ?? {};
    if (this.#hasSlipped && ending?.when === 'behind the finals') return this.#end(ending);
    if (this.#faultAt('parked', undefined) !== undefined) this.#leaveLater();
  }

  #finalReply(index: number, decision: Decision): string {
    const reply = decisionReply[decision];
    return this.#server.scenario.isNaming ? `${reply.slice(0, 9)} <${recipientOf(index)}>${reply.slice(9)}` : reply;
  }

  #leaveLater(): void {
    this.#flush();
    setTimeout(() => void this.#say('parked', undefined).then(() => this.#flush()), idleTime).unref();
  }

  #decisions(): readonly Decision[] {
    return decisionsFor(this.#server.scenario, this.#message);
  }

  #fate(index: number): Fate {
    return this.#server.fate(this.#message, index);
  }

  #faultAt(place: Place, nth: number | undefined): Fault | undefined {
    const fault = this.#fault;
    if (fault === undefined || fault.at.place !== place || fault.at.nth !== nth) return undefined;
    const isAlways = place === 'greeting' || place === 'LHLO' || place === 'RSET';
    return isAlways || (fault.transaction ?? 1) === this.#transaction ? fault : undefined;
  }

  /** Sends a reply, or what the fault makes of it. */
  async #say(place: Place, nth: number | undefined, ...reply: readonly string[]): Promise<void> {
    const fault = this.#isMute ? undefined : this.#faultAt(place, nth);
    if (fault === undefined) return this.#put(...reply);
    this.#hasSlipped = true;
    if (isMisplacing(fault)) this.#server.misplaced += 1;
    const { slip, ending } = fault;
    if (slip.kind === 'instead' || slip.kind === 'before') this.#put(slip.line);
    if (slip.kind === 'before' && slip.gap !== 'at once') await this.#pause(gapLength);
    if (slip.kind !== 'instead' && slip.kind !== 'missing') this.#put(...reply);
    if (slip.kind === 'twice') await this.#putBehind(slip.gap, reply);
    if (slip.kind === 'behind') await this.#putBehind(slip.gap, [slip.line]);
    if (ending?.when === 'at once') this.#end(ending);
  }

  async #putBehind(gap: 'at once' | 'later' | 'meanwhile', lines: readonly string[]): Promise<void> {
    if (gap === 'meanwhile') {
      setTimeout(() => {
        this.#put(...lines);
        this.#flush();
      }, gapLength).unref();
      return;
    }
    if (gap === 'later') await this.#pause(gapLength);
    this.#put(...lines);
  }

  #end({ what }: Ending): void {
    if (what === 'silence') this.#flush();
    if (what.startsWith('421')) this.#put('421 4.3.2 going down');
    if (what.startsWith('221')) this.#put('221 2.0.0 good bye');
    this.#hasClosed = what === 'close';
    if (what.endsWith('close')) this.#close();
    else this.#mute();
  }

  #mute(): void {
    this.#flush();
    this.#isMute = true;
  }

  #close(): void {
    this.#mute();
    if (!this.#socket.writableEnded) this.#log('S', '<close>');
    this.#socket.end();
  }

  async #pause(milliseconds: number): Promise<void> {
    this.#flush();
    await sleep(milliseconds);
  }

  #put(...lines: readonly string[]): void {
    if (!this.#isMute) this.#out.push(...lines);
  }

  #flush(): void {
    if (this.#out.length === 0) return;
    for (const line of this.#out) this.#log('S', line);
    if (this.#socket.writable) this.#socket.write(this.#out.map((line) => `${line}\r\n`).join(''));
    this.#out = [];
    this.#server.turns += 1;
  }

  #log(side: 'C' | 'S', line: string): void {
    this.#server.transcript.push(`${this.#n} ${side}: ${line}`);
  }
}

/** Starts a server for a scenario. */
export function startOutOfStepServer(scenario: Scenario): Promise<OutOfStepServer> {
  return new OutOfStepServer(scenario).start();
}
