import { reservedServices } from '../../functions/request/route.ts';
import { refuse } from './props-error.ts';
import { withoutTokens } from './tokens.ts';

/**
 * Returns the name of a transport, if it is valid in master.cf.
 *
 * @param property the property with the name
 * @throws PropsError
 */
export function transportName(property: string, name: string): string {
  if (/^[a-z][a-z0-9-]{0,31}$/.test(name) && !reservedServices.has(name)) return name;
  const but = [...reservedServices].join(', ');
  throw refuse(
    property,
    withoutTokens(name),
    `a name of up to 32 lower-case letters, digits and hyphens, except ${but}`,
  );
}
