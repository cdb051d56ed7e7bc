import { reservedServices } from '../../functions/request/route.ts';
import { refuse } from './props-error.ts';
import { withoutTokens } from './tokens.ts';

/**
 * Checks the name of a transport, as master.cf would have it.
 *
 * @param property what names it
 * @throws PropsError
 */
export function transportName(property: string, name: string): string {
  if (/^[a-z][a-z0-9-]{0,31}$/.test(name) && !reservedServices.has(name)) return name;
  const but = [...reservedServices].join(', ');
  throw refuse(property, withoutTokens(name), `a name of up to 32 small letters, digits and hyphens, but ${but},`);
}
