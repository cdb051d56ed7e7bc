/**
 * Numbers on the screens.
 */

/** A number as people read it: `1,240`. */
export function number(count: number): string {
  return count.toLocaleString('en-US');
}

/** Stands before a number that may be larger. */
export function atLeast(isCut: boolean): string {
  return isCut ? 'at least ' : '';
}

/** Stands below a table whose end is not shown. */
export function andMore(hidden: number, what: string): string {
  return hidden === 0 ? '' : `and ${number(hidden)} more ${what}`;
}
