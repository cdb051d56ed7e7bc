/**
 * What an import says: one row for each setting, in one of five classes.
 */

/** The classes, in the order in which operators need them. */
export const importClasses = ['refused', 'renamed', 'default', 'none', 'taken'] as const;

/**
 * What becomes of a setting:
 *
 *   taken    it is taken as it is
 *   renamed  it means the same under another name, or in another form
 *   default  the default here is better, and stays
 *   none     it has no counterpart
 *   refused  it is refused, and something has to be done
 */
export type ImportClass = (typeof importClasses)[number];

/** One setting. */
export interface Row {
  readonly class: ImportClass;
  /** The name of the parameter; of a service in master.cf its name and the option. */
  readonly name: string;
  /** As written; absent where it says nothing, or may be a secret. */
  readonly value?: string;
  /** The file and line. */
  readonly where: string;
  /** The counterpart here. */
  readonly here?: string;
  readonly why?: string;
  /** What to do. */
  readonly todo?: string;
}

/** A secret that has to be created before the deployment. */
export interface SecretPlan {
  /** Its name in Secrets Manager. */
  readonly name: string;
  /** The file of Postfix that is its text; absent: the operator writes the text. */
  readonly path?: string;
  readonly about: string;
}
