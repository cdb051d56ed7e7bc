/** LMTP servers that accept everything and store nothing, in their own process. Argument: how many. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startLmtpSink } from '../../support/lmtp-sink.ts';
import { tellParent } from './child.ts';
import { delayPort } from './distance.ts';

/** The message to the parent process. */
export interface Sinks {
  readonly ports: readonly number[];
  /** The first of them, {@link distance} milliseconds away. */
  readonly farPort: number;
  /** A server that pauses for a millisecond before it handles each read. */
  readonly slowPort: number;
}

/** Milliseconds, one way. */
export const distance = 2;

if (import.meta.main) {
  const sinks = await Promise.all(Array.from({ length: Number(process.argv[2]) }, () => startLmtpSink()));
  const slow = await startLmtpSink({ beforeRead: () => sleep(1) });
  const ports = sinks.map(({ port }) => port);
  const farPort = await delayPort(ports[0] ?? 0, distance);
  process.once('disconnect', () => process.exit());
  tellParent({ ports, farPort, slowPort: slow.port } satisfies Sinks);
}
