/**
 * Composes what a stack admits, and its transport map, from a function's environment.
 */

import type { AwsClients } from '../aws/clients.ts';
import { S3ContentStore } from '../aws/s3-content-store.ts';
import { S3MapSource } from '../aws/s3-map-source.ts';
import { S3ObjectMetadata } from '../aws/s3-object-metadata.ts';
import { SqsTransports } from '../aws/sqs-transports.ts';
import { FileSource } from '../maps/file-source.ts';
import {
  EnvironmentError,
  environmentNames as names,
  requireVariable,
  variableWords,
} from '../parameters/environment.ts';
import type { Parameters } from '../parameters/parameters.ts';
import type { Admission } from '../queue/admission/admit.ts';
import { normaliseDestination, portsOf } from '../request/destination.ts';
import { reservedServices } from '../request/route.ts';
import { parseTransportMap, type TransportMap } from '../request/transport-map.ts';
import { type MapLog, type MapSource, TransportMaps } from '../request/transport-maps.ts';
import type { Clock } from '../time/clock.ts';
import { transportName } from './compose-queue.ts';

/** What composition needs. */
export interface AdmissionParts {
  readonly parameters: Parameters;
  readonly clients: Pick<AwsClients, 's3' | 'sqs'>;
  readonly clock: Clock;
  readonly log: MapLog;
}

/** The transport map of a stack. */
export interface CurrentMap {
  /** Returns the current map. Throws until a first one has been read and parsed. */
  current(): Promise<TransportMap>;
  /** The map of the last call of current(); throws before the first. */
  readonly known: TransportMap;
}

/**
 * Returns the transport map: first TRANSPORT_MAP_SOURCE, then the text of TRANSPORT_MAP.
 *
 * @throws TransportMapError, EnvironmentError
 */
export function composeTransportMap(
  environment: NodeJS.ProcessEnv,
  { parameters, clients, clock, log }: AdmissionParts,
): CurrentMap {
  const own = environment[names.transportMap] ?? '';
  const options = {
    recipientDelimiter: parameters.recipient_delimiter,
    otherTransports: new Set(otherTransports(environment).keys()),
  };
  const parse = (...texts: readonly string[]) =>
    parseTransportMap(texts, transportName(environment), portsOf(parameters), options);
  // A wrong text of the environment is reported at once.
  const map = parse(own);
  const source = mapSource(environment[names.transportMapSource] ?? '', clients);
  if (source === undefined) return { current: async () => map, known: map };
  return new TransportMaps({ source, parse: (text) => parse(text, own), clock, log });
}

/**
 * Returns what a stack admits; called for each batch.
 *
 * @throws TransportMapError, DestinationError, EnvironmentError
 */
export function composeAdmission(environment: NodeJS.ProcessEnv, parts: AdmissionParts): () => Promise<Admission> {
  const { clients, parameters } = parts;
  const map = composeTransportMap(environment, parts);
  const messageBucket = requireVariable(environment, names.messageBucket);
  const destinations = variableWords(environment, names.allowedDestinations);
  const prefixes = variableWords(environment, names.bodyPrefixes);
  const fixed = {
    allowedDestinations: new Set(
      destinations.map((destination) => normaliseDestination(destination, portsOf(parameters))),
    ),
    allowedBuckets: new Set([messageBucket, ...variableWords(environment, names.allowedBuckets)]),
    ...(prefixes.length === 0 ? {} : { bodyPrefixes: { bucket: messageBucket, prefixes } }),
    messageBucket,
    objects: new S3ObjectMetadata(clients.s3),
    contents: new S3ContentStore(clients.s3, messageBucket),
    otherTransports: new SqsTransports(clients.sqs, otherTransports(environment), transportName(environment)),
  };
  return async () => ({ ...fixed, transportMap: await map.current() });
}

function mapSource(text: string, { s3 }: Pick<AwsClients, 's3'>): MapSource | undefined {
  if (text === '') return undefined;
  const [, bucket, key] = /^s3:\/\/([^/\s]+)\/(\S+)$/.exec(text) ?? [];
  if (bucket !== undefined && key !== undefined) return new S3MapSource(s3, { bucket, key });
  const [, path] = /^texthash:(\/.*)$/.exec(text) ?? [];
  if (path !== undefined) return new FileSource(path);
  throw new EnvironmentError(`${names.transportMapSource}: "${text}" is not s3://bucket/key or texthash:/path`);
}

function otherTransports(environment: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  return new Map(
    variableWords(environment, names.otherTransports).map((word): [string, string] => {
      const [, name = '', url = ''] = /^([a-z][a-z0-9-]*)=(https?:\/\/\S+)$/.exec(word) ?? [];
      if (name !== '' && !reservedServices.has(name) && name !== transportName(environment)) return [name, url];
      const wanted = 'expected name=URL of a queue, with the name of another transport';
      throw new EnvironmentError(`${names.otherTransports}: "${word}" is not allowed; ${wanted}`);
    }),
  );
}
