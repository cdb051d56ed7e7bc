/** The table of rooms in docs/architecture.md: the folders of `functions/`, and which of them each imports. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

const sources = join(import.meta.dirname, '../../functions');

/** What each room is, in the order of the table: from values to what operators see. */
const rooms: Readonly<Record<string, string>> = {
  smtp: 'VALUES: replies, statuses, capabilities, paths, xtext, content',
  sasl: 'VALUES: authentication mechanisms, octets in and octets out; no base64, no socket',
  maps: 'look-up tables of parameters: static, inline, texthash, regexp',
  parameters: 'the table of parameters by subject; refused parameters and the reason',
  lmtp: 'CONVERSATIONS: generators that say which line is sent when; no socket, no clock, no promise',
  tls: 'POLICY of TLS: what is required of which server, and whether a certificate is good enough',
  secrets: 'passwords and keys: the port, the cache, the maps; never prints a secret',
  session: 'I/O: sockets, lines, TLS, time-outs, the session cache; does not know what happens to a recipient',
  delivery: 'POLICY: destinations, hosts, attempts, troubles, verdicts; does not know the queue',
  check: 'the steps of `lambda-lmtp check` as values, each with the next thing to do; sends no mail',
  incoming: 'FRONT DOORS: a message of incoming becomes requests, or the reason why not; nothing throws',
  disposition: 'EFFECTS, composed purely: settlements, log lines, events',
  queue: 'THE QUEUE: states, admission, claims, work, sweep; knows AWS only through ports',
  report: 'REPORTS: which address is told, in which words, by which route; knows AWS only through ports',
  notices: 'which notices postmasters receive, and how often',
  metrics: 'the names of the metrics, and log lines as counts; does not know CloudWatch',
  operator: 'what operators do with the queue and ask about it; knows AWS only through ports',
  screens: "the dashboard's screens: findings in, HTML out; and what its buttons do",
  aws: 'ADAPTERS: one port, one file, no decisions',
  command: 'the command line',
};

/** The table, as Markdown. */
export function roomsTable(): string {
  const found = new Set(globSync('*/', { cwd: sources }).map((name) => name.replaceAll(/[\\/]/g, '')));
  const missing = [...found].filter((name) => !Object.hasOwn(rooms, name));
  const gone = Object.keys(rooms).filter((name) => !found.has(name));
  if (missing.length + gone.length > 0) throw new Error(`rooms to describe: ${missing}; rooms that are gone: ${gone}`);
  const lines = Object.entries(rooms).map(([name, about]) => `| \`${name}/\` | ${about} | ${importedBy(name)} |`);
  return ['| room | what it is | imports from |', '| --- | --- | --- |', ...lines].join('\n');
}

/** The rooms that the files of a room import, in the order of the table; types included. */
function importedBy(room: string): string {
  const files = globSync('**/*.ts', { cwd: join(sources, room) }).map((file) => join(sources, room, file));
  const targets = files.flatMap((file) => {
    const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)'/gm);
    return [...imports].map(([, path = '']) => relative(sources, join(dirname(file), path)).split(sep));
  });
  const found = new Set(targets.flatMap(([folder = '', ...rest]) => (rest.length > 0 ? folder : folderOfFile(folder))));
  found.delete(room);
  return (
    Object.keys(rooms)
      .filter((name) => found.has(name))
      .join(', ') || 'nothing'
  );
}

/** A file beside the rooms belongs to the room of its name, like `parameters.ts`; others belong to none. */
function folderOfFile(file: string): string[] {
  const name = file.replace(/\.ts$/, '');
  return Object.hasOwn(rooms, name) ? [name] : [];
}
