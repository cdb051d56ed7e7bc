import { ParameterError } from './row.ts';

/**
 * Parses ports by name: `lmtp=24, smtps=submissions=465` (Postfix known_tcp_ports(3)).
 *
 * @throws ParameterError with the element and what is allowed
 */
export function parsePorts(name: string, value: string): ReadonlyMap<string, number> {
  const elements = value.split(',').filter((element) => element.trim() !== '');
  return new Map(elements.flatMap((element) => parseElement(name, element.trim())));
}

function parseElement(parameter: string, element: string): readonly (readonly [name: string, port: number])[] {
  const words = element.split('=').map((word) => word.trim());
  const port = words.pop() ?? '';
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  const named = words.length > 0 && words.every((word) => /^(?!\d+$)[\w.-]+$/.test(word));
  if (!named || number < 1 || number > 65_535) {
    throw new ParameterError(parameter, `"${element}" is not allowed; write name=port, with a port of 1 to 65535`);
  }
  return words.map((word) => [word.toLowerCase(), number]);
}
