/**
 * A name server for tests: answers from a zone given as an object, by UDP and by TCP, at one port of 127.0.0.1.
 *
 *     await using names = await startDnsServer({ 'two.test': { A: ['127.0.0.1', '127.0.0.2'] } });
 *     resolver.setServers([names.address]);
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { composeAnswer, composeTruncated, type DnsQuestion, type DnsZone, parseQuestion } from './dns-message.ts';
import { freePort } from './free-port.ts';

export type { DnsZone } from './dns-message.ts';

const host = '127.0.0.1';

/** Longest answer by UDP without EDNS (RFC 1035 section 4.2.1). */
const longestByUdp = 512;

export interface DnsServer extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:port`, as `dns.Resolver.setServers` wants it. */
  readonly address: string;
  /** Queried names so far, in lower case; once for each question. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Starts a name server. */
export async function startDnsServer(zone: DnsZone): Promise<DnsServer> {
  const asked: string[] = [];
  const answer = (message: Buffer, fits: (length: number) => boolean): Buffer | undefined => {
    const question: DnsQuestion | undefined = parseQuestion(message);
    if (question === undefined) return undefined;
    asked.push(question.name);
    const whole = composeAnswer(question, zone);
    return whole === undefined || fits(whole.length) ? whole : composeTruncated(question);
  };

  const port = await freePort();
  const udp = createSocket('udp4', (message, { port: client, address }) => {
    const octets = answer(message, (length) => length <= longestByUdp);
    if (octets !== undefined) udp.send(octets, client, address);
  });
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy()));
    serve(socket, (message) => answer(message, () => true));
  });
  await listen(udp, tcp, port);

  const close = async () => {
    for (const socket of open) socket.destroy();
    await Promise.all([new Promise<void>((done) => udp.close(done)), new Promise((done) => tcp.close(done))]);
  };
  return { port, address: `${host}:${port}`, asked, close, [Symbol.asyncDispose]: close };
}

async function listen(udp: UdpSocket, tcp: Server, port: number): Promise<void> {
  udp.bind(port, host);
  await once(udp, 'listening');
  tcp.listen(port, host);
  await once(tcp, 'listening');
}

/** By TCP a length of two octets precedes each message (RFC 1035 section 4.2.2). */
function serve(socket: Socket, answer: (message: Buffer) => Buffer | undefined): void {
  let waiting: Buffer = Buffer.alloc(0);
  socket.on('data', (octets) => {
    waiting = Buffer.concat([waiting, octets]);
    while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
      const end = 2 + waiting.readUInt16BE(0);
      const reply = answer(waiting.subarray(2, end));
      waiting = waiting.subarray(end);
      if (reply === undefined) continue;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([length, reply]));
    }
  });
}
