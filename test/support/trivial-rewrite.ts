/**
 * The real trivial-rewrite(8) of a Postfix (Debian's package) with a configuration of the test: where would Postfix send an address?
 * It needs root, as master(8) does.
 *
 *     await using rewrite = await startRewrite({ virtual_mailbox_domains: 'a.test' });
 *     await rewrite.resolve('x@a.test');  // { transport: 'virtual', nextHop: 'a.test' }
 */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startServerProcess } from './server-process.ts';

/** Where Postfix sends an address. */
export interface Resolved {
  readonly transport: string;
  readonly nextHop: string;
}

export interface Rewrite extends AsyncDisposable {
  resolve(address: string): Promise<Resolved>;
}

/**
 * Starts it.
 *
 * @param settings main.cf by name
 * @param files files beside main.cf; `/ETC` in settings is their folder
 */
export async function startRewrite(
  settings: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<Rewrite> {
  const server = await startServerProcess({
    name: 'trivial-rewrite',
    ready: 'accepts',
    asRoot: true,
    prepare: async ({ directory, port }) => {
      for (const folder of ['etc', 'spool', 'data']) await mkdir(join(directory, folder));
      const all = {
        ...settings,
        queue_directory: join(directory, 'spool'),
        data_directory: join(directory, 'data'),
        maillog_file: join(directory, 'log'),
        maillog_file_prefixes: directory,
        inet_interfaces: '127.0.0.1',
      };
      const etc = join(directory, 'etc');
      const lines = Object.entries(all).map(([name, value]) => `${name} = ${value.replaceAll('/ETC', etc)}\n`);
      await writeFile(join(etc, 'main.cf'), lines.join(''));
      for (const [name, text] of Object.entries(files)) await writeFile(join(etc, name), text);
      // The port is only there so that the test can tell when master(8) is ready.
      const services = [
        `127.0.0.1:${port} inet n - n - 1 showq`,
        'rewrite unix - - n - - trivial-rewrite',
        'postlog unix-dgram n - n - 1 postlogd',
      ];
      await writeFile(join(etc, 'master.cf'), `${services.join('\n')}\n`);
    },
    command: () => [
      '/bin/sh',
      '-c',
      `chmod 755 . && chown postfix data && exec /usr/sbin/postfix -c "$PWD/etc" start-fg`,
    ],
  });
  const stop = async () => {
    spawnSync('/usr/sbin/postfix', ['-c', join(server.directory, 'etc'), 'abort']);
    await server.stop();
  };
  const path = join(server.directory, 'spool/private/rewrite');
  return { resolve: (address) => ask(path, address), [Symbol.asyncDispose]: stop };
}

/** One request of resolve_clnt(3): attributes end in NUL, and a list of them in one more. */
function ask(path: string, address: string): Promise<Resolved> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setTimeout(20_000, () => socket.destroy(new Error('trivial-rewrite has not answered for 20 s')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`trivial-rewrite closed the connection: ${JSON.stringify(text)}`)));
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
      const lists = text.split('\0\0');
      // The first list greets.
      if (lists.length === 2) socket.write(`request\0resolve\0sender\0\0address\0${address}\0\0`);
      const [, transport, nextHop] = /\0transport\0([^\0]*)\0nexthop\0([^\0]*)\0recipient\0/.exec(text) ?? [];
      if (transport === undefined || nextHop === undefined) return;
      resolve({ transport, nextHop });
      socket.destroy();
    });
  });
}
