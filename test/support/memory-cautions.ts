import type { Caution, CautionStore } from '../../functions/queue/ports.ts';

/** Cautions in memory. */
export function memoryCautions(kept = new Map<string, Caution>()): CautionStore {
  return {
    readCaution: async (destination) => kept.get(destination),
    writeCaution: async (destination, caution) => void kept.set(destination, caution),
  };
}
