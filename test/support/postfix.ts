/**
 * A real Postfix (Debian's package) in front of an LMTP server: smtpd, cleanup, qmgr and lmtp as Debian 12 has them, with Postfix's
 * defaults, in a folder of its own. It needs root, as master(8) does.
 *
 *     await using postfix = await startPostfix('inet:127.0.0.1:2400');
 *     await postfix.submit([{ recipient: 'm1@example.com', content }]);
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isRoot, type ServerPlace, type ServerProcess, startServerProcess } from './server-process.ts';

const master = '/usr/lib/postfix/sbin/master';

/** A message of an SMTP client. */
export interface SubmittedMail {
  readonly recipient: string;
  /** Lines that end in LF. */
  readonly content: Buffer;
}

export interface Postfix extends ServerProcess {
  /** Submits messages over one SMTP session, in order; throws what the server refuses. */
  submit(mails: readonly SubmittedMail[]): Promise<void>;
}

/** Whether a Postfix can be started here. */
export function canStartPostfix(): boolean {
  return existsSync(master) && isRoot();
}

/** Starts a Postfix that sends all mail to a destination. */
export async function startPostfix(destination: string): Promise<Postfix> {
  const server = await startServerProcess({
    name: 'postfix',
    asRoot: true,
    prepare: (place) => configure(place, destination),
    // Postfix's own user must be able to read the folder and must own its data, or master(8) does not start.
    command: () => [
      '/bin/sh',
      '-c',
      `chmod 755 . && chown postfix data && exec /usr/sbin/postfix -c "$PWD/etc" start-fg`,
    ],
  });
  const stop = async () => {
    // master(8) makes a session of its own: the process group that was started does not contain it.
    spawnSync('/usr/sbin/postfix', ['-c', join(server.directory, 'etc'), 'abort']);
    await server.stop();
  };
  return { ...server, stop, submit: (mails) => submit(server.port, mails), [Symbol.asyncDispose]: stop };
}

async function configure({ directory, port }: ServerPlace, destination: string): Promise<void> {
  for (const folder of ['etc', 'spool', 'data']) await mkdir(join(directory, folder));
  const settings = {
    compatibility_level: '3.6',
    queue_directory: join(directory, 'spool'),
    data_directory: join(directory, 'data'),
    maillog_file: join(directory, 'log'),
    maillog_file_prefixes: directory,
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    myhostname: 'front.example.com',
    mydestination: '',
    // A client on this machine counts as a remote one: headers are not completed for it.
    local_header_rewrite_clients: '',
    smtpd_peername_lookup: 'no',
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    smtpd_client_connection_rate_limit: '0',
    default_transport: `lmtp:${destination}`,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(join(directory, 'etc/main.cf'), lines.join(''));
  const services = ['bounce', 'defer', 'trace', 'proxymap', 'lmtp', 'error', 'retry', 'scache', 'anvil'];
  const programs: Readonly<Record<string, string>> = { defer: 'bounce', trace: 'bounce', retry: 'error' };
  const table = [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    'rewrite unix - - n - - trivial-rewrite',
    'postlog unix-dgram n - n - 1 postlogd',
    ...services.map((name) => `${name} unix - - n - 0 ${programs[name] ?? name}`),
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
  ];
  await writeFile(join(directory, 'etc/master.cf'), `${table.join('\n')}\n`);
}

async function submit(port: number, mails: readonly SubmittedMail[]): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  // The wait for a service that does not start would be endless.
  socket.setTimeout(20_000, () => socket.destroy(new Error('Postfix has not answered for 20 s')));
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const reply = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('Postfix closed the connection');
      if (/^[45]/.test(value)) throw new Error(`Postfix said: ${value}`);
      if (value[3] !== '-') return;
    }
  };
  const say = async (command: string | Buffer): Promise<void> => {
    socket.write(command);
    await reply();
  };
  try {
    await reply();
    await say('EHLO client.example.org\r\n');
    for (const { recipient, content } of mails) {
      await say('MAIL FROM:<alice@example.org>\r\n');
      await say(`RCPT TO:<${recipient}>\r\n`);
      await say('DATA\r\n');
      const wire = content.toString('latin1').replaceAll('\n', '\r\n').replace(/^\./gm, '..');
      await say(Buffer.from(`${wire}.\r\n`, 'latin1'));
    }
    await say('QUIT\r\n');
  } finally {
    socket.destroy();
  }
}
