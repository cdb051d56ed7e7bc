/** One map: what `static:`, `inline:`, `texthash:` and `regexp:` have in common. */
export interface LookupTable {
  /** The result for a key; `undefined` where there is none. */
  find(key: string): string | undefined;
  /** Whether keys are fixed strings, so that parts of a name may be looked up too; patterns see only the whole. */
  readonly fixed: boolean;
}
