/** The tables of rooms in docs/architecture.md: the folders of `functions/` and `infra/`, and which of them each imports. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

const project = join(import.meta.dirname, '../..');

/** What each room of `functions/` is, in the order of the table: a room imports only rooms before it. */
const functionRooms: Readonly<Record<string, string>> = {
  smtp: 'VALUES: replies, statuses, capabilities, paths, xtext, content',
  json: 'the structure of JSON from people: names that an object has twice, and the depth',
  sasl: 'VALUES: authentication mechanisms, octets in and octets out; no base64, no socket',
  maps: 'look-up tables of parameters: static, inline, texthash, regexp',
  time: 'the clock, and the intervals between attempts',
  secrets: 'passwords and keys: the port, the cache, the maps; never prints a secret',
  parameters: 'the table of parameters by subject; refused parameters and the reason; the environment',
  settings: 'parameters set without a deployment: versions, what is in force when',
  tls: 'POLICY of TLS: what is required of which server, and whether a certificate is good enough',
  lmtp: 'CONVERSATIONS: generators that say which line is sent when; no socket, no clock, no promise',
  session: 'I/O: sockets, lines, TLS, time-outs, the session cache; does not know what happens to a recipient',
  log: 'the delivery line, as the log has it and as Postfix writes it',
  metrics: 'the names of the metrics, and log lines as counts; does not know CloudWatch',
  request: 'delivery requests parsed; destinations, the transport map and routes',
  delivery: 'POLICY: hosts, attempts, troubles, verdicts; does not know the queue',
  incoming: 'FRONT DOORS: a message of incoming becomes requests, or the reason why not; nothing throws',
  check: 'the steps of `lambda-lmtp check` as values, each with the next thing to do; sends no mail',
  'queue/items': 'what the table contains: items, states, events, parsing, the plan, and the ports to AWS',
  'queue/writes': 'conditional writes and their retries, wake-ups and events after a write, bodies that are spent',
  'queue/destinations': 'the concurrency window, places in active, holds and fallbacks of a destination',
  'queue/disposition': 'EFFECTS, composed purely: the settlement of an attempt, bounce, delay and success events',
  'queue/settlement': 'results written to the log; dead letters, and doubts that reached their limit',
  'queue/admission': 'a request becomes items, and items enter active',
  'queue/work': 'one delivery claimed, attempted and settled under its lease',
  'queue/sweep': 'overdue items, lost wake-ups, leases that ended; the measurement of the queue',
  notices: 'which notices postmasters receive, and how often',
  report: 'REPORTS: which address is told, in which words, by which route; knows AWS only through ports',
  import: 'the configuration of a Postfix as settings of a stack: text in, rows and values out; reads no file',
  operator: 'what operators do with the queue and ask about it; knows AWS only through ports',
  texts: 'answers to operators in words, for the command line and the screens',
  screens: "the dashboard's screens: findings in, HTML out; and what its buttons do",
  aws: 'ADAPTERS: one port, one file, no decisions',
  composition: 'ports and adapters connected, from the environment',
  command: 'what each command of the command line does',
  'command/program': 'the command line: options, help, completion; loads the code of a command when it runs',
  handlers: 'ENTRY POINTS: one file for each function of Lambda',
};

/** What each room of `infra/` is, in the order of the table: a room imports only rooms before it. */
const infraRooms: Readonly<Record<string, string>> = {
  cost: 'what a message costs, measured and reckoned',
  properties: 'single properties checked, with defaults; knows no resource',
  security: 'encryption, and findings of cdk-nag with the reason for each',
  queue: 'queues, stores, topics',
  network: 'the VPC, its endpoints, ports of mail servers',
  permissions: 'which role may do what',
  functions: 'functions, their bundles and environment, triggers and front doors',
  'watching/measures': 'metrics and saved queries',
  'watching/alarms': 'the alarms, as rows of one table',
  'watching/dashboard': 'the dashboard',
  watching: 'alarms, dashboard and queries of a stack',
  construct: 'LmtpDelivery: the construct, its props, contradictions between them, its outputs',
  context: 'context values of the app in a clone, as props',
  'local/template': 'what a synthesized template says, for the local stack',
  'local/calls': 'AWS calls on one machine: read, permitted by the policies of the template, forwarded',
  'local/samples': 'sample mail, and a server that stores it',
  'local/trouble': 'destinations and mail in trouble, to try commands and screens on',
  local: 'the same system on one machine, from source or from a template',
  documents: 'documents written from the code',
  package: 'what `npm pack` contains',
  pictures: 'the pictures of the documents',
};

/** Returns the table of the rooms of `functions/`, as Markdown. */
export function functionRoomsTable(): string {
  return roomsTable('functions', functionRooms);
}

/** Returns the table of the rooms of `infra/`, as Markdown. */
export function infraRoomsTable(): string {
  return roomsTable('infra', infraRooms);
}

/** @throws Error for a folder without a description, or a room that imports one behind it */
function roomsTable(folder: string, rooms: Readonly<Record<string, string>>): string {
  const found = new Set(globSync('**/*.ts', { cwd: join(project, folder) }).map((file) => roomOf(dirname(file))));
  found.delete('.');
  const missing = [...found].filter((name) => !Object.hasOwn(rooms, name));
  const gone = Object.keys(rooms).filter((name) => !found.has(name));
  if (missing.length + gone.length > 0) throw new Error(`rooms to describe: ${missing}; rooms that are gone: ${gone}`);
  const names = Object.keys(rooms);
  const lines = names.map((name, index) => {
    const imported = importedBy(join(project, folder), name, names);
    const upward = imported.filter((one) => names.indexOf(one) > index);
    if (upward.length > 0) throw new Error(`${folder}/${name}/ imports rooms behind it: ${upward}`);
    return `| \`${name}/\` | ${rooms[name]} | ${imported.join(', ') || 'no other'} |`;
  });
  return ['| room | what it is | imports from |', '| --- | --- | --- |', ...lines].join('\n');
}

/** Returns the rooms that the files of a room import, in the order of the table; types included. */
function importedBy(sources: string, room: string, names: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const file of globSync('*.ts', { cwd: join(sources, room) })) {
    const path = join(sources, room, file);
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)'/gm))
      found.add(roomOf(relative(sources, dirname(join(dirname(path), target)))));
  }
  found.delete(room);
  return names.filter((name) => found.has(name));
}

function roomOf(folder: string): string {
  return folder.split(sep).join('/');
}
