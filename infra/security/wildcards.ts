/** Every wildcard in what is permitted, with its reason; a test holds the permissions to it. */
import { ownPrefixes } from '../../functions/incoming/own-objects.ts';

/** The ends of resources that have a wildcard, and why each needs it. */
export const wildcardReasons: Readonly<Record<string, string>> = {
  '/*': 'a message body has whatever key its producer gave it',
  [`/${ownPrefixes.corrupt}*`]: 'the copy of a corrupt request is named after the request',
  [`/${ownPrefixes.reports}*`]: 'a report is named after what it is about',
  '/in/*': 'a submitted body is named by its submitter',
  '-??????': 'Secrets Manager adds six characters of its own to the name of a secret',
};

const interfaces = 'Lambda makes network interfaces in the name of a function in a VPC';
/** Actions that are allowed on every resource, for they know none, and what each is for. */
export const unboundActions: Readonly<Record<string, string>> = {
  'ec2:AssignPrivateIpAddresses': interfaces,
  'ec2:CreateNetworkInterface': interfaces,
  'ec2:DeleteNetworkInterface': interfaces,
  'ec2:DescribeNetworkInterfaces': interfaces,
  'ec2:DescribeSubnets': interfaces,
  'ec2:UnassignPrivateIpAddresses': interfaces,
  'logs:GetQueryResults': 'a query of logs is known by its id, and only whoever may start it gets one',
};

/**
 * Why a resource of a permission has a wildcard in it.
 *
 * @param resource as text, with its references in whatever form
 * @param actions  that it is permitted for
 */
export function wildcardReason(resource: string, actions: readonly string[]): string {
  if (resource === '*') return [...new Set(actions.map((action) => unboundActions[action]))].join('; ');
  const ends = Object.keys(wildcardReasons).sort((one, other) => other.length - one.length);
  const end = ends.find((each) => resource.endsWith(each) && !/[*?]/.test(resource.slice(0, -each.length)));
  return end === undefined ? belowPrefix : (wildcardReasons[end] ?? belowPrefix);
}

const belowPrefix = 'a message body has whatever name below its prefix its producer gave it';
