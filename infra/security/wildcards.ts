/** Every wildcard in the permissions, with its reason; a test compares them with the permissions. */
import { ownPrefixes } from '../../functions/incoming/own-objects.ts';

/** The ends of resources with a wildcard, and why each needs it. */
export const wildcardReasons: Readonly<Record<string, string>> = {
  '/*': 'producers choose the keys of message bodies',
  [`/${ownPrefixes.corrupt}*`]: 'the copy of a corrupt request is named after the request',
  [`/${ownPrefixes.reports}*`]: 'a report is named after its event',
  [`/${ownPrefixes.notified}*`]: 'mail inside a notification is named after its request and content',
  '/in/*': 'a submitted body is named by its submitter',
  '-??????': 'Secrets Manager adds six random characters to the name of a secret',
};

const interfaces = "Lambda creates network interfaces with the function's role";
/** Actions that support no resources and are allowed on `*`, and what each is for. */
export const unboundActions: Readonly<Record<string, string>> = {
  'ec2:AssignPrivateIpAddresses': interfaces,
  'ec2:CreateNetworkInterface': interfaces,
  'ec2:DeleteNetworkInterface': interfaces,
  'ec2:DescribeNetworkInterfaces': interfaces,
  'ec2:DescribeSubnets': interfaces,
  'ec2:UnassignPrivateIpAddresses': interfaces,
  'logs:GetQueryResults': 'a query of logs is identified by its id, which only its starter receives',
};

/**
 * Returns why a resource of a permission contains a wildcard.
 *
 * @param resource the resource as text, with references in any form
 * @param actions the actions that are allowed on it
 */
export function wildcardReason(resource: string, actions: readonly string[]): string {
  if (resource === '*') return [...new Set(actions.map((action) => unboundActions[action]))].join('; ');
  const ends = Object.keys(wildcardReasons).sort((one, other) => other.length - one.length);
  const end = ends.find((each) => resource.endsWith(each) && !/[*?]/.test(resource.slice(0, -each.length)));
  return end === undefined ? belowPrefix : (wildcardReasons[end] ?? belowPrefix);
}

const belowPrefix = 'producers choose the names of message bodies below a prefix';
