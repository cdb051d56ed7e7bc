/**
 * The LMTP server of GNU mailutils, which accepts one message for each connection and files it into mboxes of system users. Debian
 * 12's mailutils and mailutils-mda.
 *
 *     await using server = await startMailutils();
 *     // deliver to server.destination, for one of mailutilsUsers
 */

import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRoot, type ServerPlace, type ServerProcess, startServerProcess } from './server-process.ts';

/** Debian packages that the server needs. */
export const mailutilsPackages = ['mailutils', 'mailutils-mda'] as const;

const program = '/usr/sbin/lmtpd';

/** Users of every Debian system; others are unknown and refused at RCPT. The server ignores the domain. */
export const mailutilsUsers = ['games', 'news', 'nobody'] as const;

export interface Mailutils extends ServerProcess {
  /** In next-hop syntax. */
  readonly destination: string;
  /** The mbox of a user, with the server's additions; empty if there is none yet. */
  mbox(user: string): Promise<string>;
}

/**
 * Whether the server is installed, and the user of the tests may start it: it changes to the users that it
 * delivers to.
 */
export function canStartMailutils(): boolean {
  return existsSync(program) && isRoot();
}

/** Starts a server and waits until it greets. */
export async function startMailutils(): Promise<Mailutils> {
  const server = await startServerProcess({
    name: 'mailutils',
    asRoot: true,
    prepare,
    command: ({ directory }) => [program, `--config-file=${join(directory, 'lmtpd.conf')}`],
  });
  return {
    ...server,
    destination: `inet:[127.0.0.1]:${server.port}`,
    mbox: (user) => readFile(join(server.directory, 'mail', user), 'utf8').catch(() => ''),
  };
}

async function prepare({ directory, port }: ServerPlace): Promise<void> {
  const mail = join(directory, 'mail');
  await mkdir(mail);
  // Each mbox is created by its user.
  await chmod(directory, 0o755);
  await chmod(mail, 0o1777);
  await writeFile(
    join(directory, 'lmtpd.conf'),
    `
mode daemon;
foreground yes;
pidfile "${directory}/pid";
logging { syslog no; };
mailbox { mailbox-type mbox; mailbox-pattern "mbox:${mail}/\${user}"; };
server 127.0.0.1:${port} { single-process no; };
`,
  );
}
