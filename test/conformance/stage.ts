/** The stage that a scenario is played on: its scripted servers, its names, its closed and silent ports. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlackHole, startBlackHole } from '../support/black-hole.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { freePort } from '../support/free-port.ts';
import { type ConnectionTranscript, type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { fillPlaceholders, type Places, placeholdersIn, restorePlaceholders } from './placeholders.ts';
import type { Scenario } from './scenario.ts';

export interface Stage extends AsyncDisposable {
  /** The part after `lmtp:` of a transport, placeholders replaced. */
  readonly destination: string;
  /** main.cf names and values, placeholders replaced. */
  readonly params: Readonly<Record<string, string>>;
  /** Answers from the scenario's `dns`; for `dns.Resolver.setServers([stage.dns.address])`. */
  readonly dns: DnsServer;
  /** Puts the placeholders back into a text, for comparison with the recording. */
  restore(text: string): string;
  /** Waits until every connection of every server has ended, at most so many milliseconds; false if one has not. */
  settled(milliseconds: number): Promise<boolean>;
  /** The connections of all servers, server by server, as in `observed.connections`; `server` only where there are several. */
  transcript(): readonly (ConnectionTranscript & { readonly server?: string })[];
  close(): Promise<void>;
}

/** Sets up a scenario's stage. */
export async function setStage(scenario: Scenario): Promise<Stage> {
  const used = placeholdersIn(JSON.stringify([scenario.destination, scenario.params]));
  const directory = await mkdtemp(join(tmpdir(), 'stage-'));
  const servers = new Map<string, ScriptedServer>();
  for (const [name, script] of Object.entries(scenario.servers)) {
    servers.set(name, await startScriptedServer({ path: join(directory, `socket${name}`), ...script }));
  }
  const blackHole = used.has('{blackhole_port}') ? await startBlackHole() : undefined;
  const dns = await startDnsServer(scenario.dns);
  const places = await findPlaces(servers, blackHole, join(directory, 'no-socket'));
  const several = !servers.has('');

  const close = async () => {
    await Promise.all([dns.close(), blackHole?.close(), ...[...servers.values()].map((server) => server.close())]);
    await rm(directory, { recursive: true, force: true });
  };
  return {
    destination: fillPlaceholders(scenario.destination, places),
    params: Object.fromEntries(
      Object.entries(scenario.params).map(([name, value]) => [name, fillPlaceholders(value, places)]),
    ),
    dns,
    restore: (text) => restorePlaceholders(text, places),
    settled: async (milliseconds) => {
      const all = await Promise.all([...servers.values()].map((server) => server.settled(milliseconds)));
      return all.every(Boolean);
    },
    transcript: () =>
      [...servers].flatMap(([name, server]) =>
        server.transcript().map((connection) => ({ ...(several && { server: name }), ...connection })),
      ),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function findPlaces(
  servers: ReadonlyMap<string, ScriptedServer>,
  blackHole: BlackHole | undefined,
  noSocket: string,
): Promise<Places> {
  return {
    ports: new Map([...servers].filter(([, { port }]) => port !== 0).map(([name, { port }]) => [name, port])),
    paths: new Map([...servers].filter(([, { path }]) => path !== '').map(([name, { path }]) => [name, path])),
    closedPorts: [await freePort(), await freePort()],
    blackHolePort: blackHole?.port,
    noSocket,
  };
}
