/**
 * A name service that remembers what it was asked: the agent looks names up as ever, and the check tells what came of it.
 */

import type { Lookup, NameService, ServiceLookup } from '../session/name-service.ts';

/** One question and its answer. */
export type NoteOfLookup =
  | { readonly by: 'DNS' | 'system'; readonly name: string; readonly answer: Lookup }
  | { readonly by: 'SRV'; readonly name: string; readonly answer: ServiceLookup };

/** The same name service, and a list that fills as it is asked. */
export function remembering(names: NameService): {
  readonly names: NameService;
  readonly notes: readonly NoteOfLookup[];
} {
  const notes: NoteOfLookup[] = [];
  return {
    notes,
    names: {
      lookUp: async (name, families) => {
        const answer = await names.lookUp(name, families);
        notes.push({ by: 'DNS', name, answer });
        return answer;
      },
      lookUpNative: async (name, families) => {
        const answer = await names.lookUpNative(name, families);
        notes.push({ by: 'system', name, answer });
        return answer;
      },
      lookUpService: async (service, host) => {
        const answer = await names.lookUpService(service, host);
        notes.push({ by: 'SRV', name: `_${service}._tcp.${host}`, answer });
        return answer;
      },
      canonicalName: (host) => names.canonicalName(host),
    },
  };
}
