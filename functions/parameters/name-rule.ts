/**
 * One rule for the name in a certificate, as the text of a regular expression: hostname, nexthop, dot-nexthop, a name, a
 * domain with a dot in front, or an address in brackets.
 */
export const nameRule = String.raw`(?:\[[0-9a-f.:]+\]|\.?[\w-]+(?:\.[\w-]+)*\.?)`;
