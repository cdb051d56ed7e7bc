/**
 * Values of main.cf, expanded, with Postfix's defaults for the parameters that decide about routes.
 */

import { isParameterName, parameterTable } from '../parameters/parameters.ts';
import { ExpansionError, expandMainCf } from './expand.ts';
import type { MainCf } from './main-cf.ts';

/** Where the configuration comes from. */
export interface Origin {
  /** The host name of Postfix's machine, for a main.cf without myhostname; absent: it is not known here. */
  readonly hostname?: string;
  /** The folder of main.cf on that machine. */
  readonly folder: string;
}

/** Expanded values. */
export interface PostfixValues {
  /** Returns the expanded value of a parameter, or its default; a value that cannot be expanded is empty. */
  of(name: string): string;
  /** Expands a text, such as the value of an option in master.cf, where other options may have values too. */
  expand(text: string, own?: ReadonlyMap<string, string>): string;
  /** Why the value of a parameter cannot be expanded. */
  faultOf(name: string): string | undefined;
}

/** Returns the values of a main.cf. */
export function postfixValues({ settings }: MainCf, origin: Origin): PostfixValues {
  const standard = defaultsOf(origin, settings.get('myhostname')?.value);
  const raw = (name: string): string | undefined =>
    settings.get(name)?.value ??
    (Object.hasOwn(standard, name) ? standard[name] : isParameterName(name) ? parameterTable[name].default : undefined);
  const expand = (text: string, own: ReadonlyMap<string, string> = new Map()) =>
    expandMainCf(text, (name) => own.get(name) ?? raw(name));
  const attempt = (name: string): { value: string; fault?: string } => {
    try {
      return { value: expandMainCf(raw(name) ?? '', raw, [name]).trim() };
    } catch (error) {
      if (error instanceof ExpansionError) return { value: '', fault: error.message };
      throw error;
    }
  };
  const known = new Map<string, { value: string; fault?: string }>();
  const read = (name: string) => {
    const found = known.get(name) ?? attempt(name);
    known.set(name, found);
    return found;
  };
  return { of: (name) => read(name).value, expand, faultOf: (name) => read(name).fault };
}

/** Defaults of Postfix 3.7 (postconf -d). */
function defaultsOf({ hostname = 'localhost', folder }: Origin, myhostname = ''): Readonly<Record<string, string>> {
  const host = hostname.includes('.') ? hostname : `${hostname}.localdomain`;
  const named = myhostname.includes('.') && !myhostname.includes('$') ? myhostname : host;
  return {
    myhostname: host,
    mydomain: named.slice(named.indexOf('.') + 1),
    myorigin: '$myhostname',
    mydestination: '$myhostname, localhost.$mydomain, localhost',
    relay_domains: ['$', '{{$compatibility_level} <level {2} ? {$mydestination} : {}}'].join(''),
    virtual_maps: '',
    virtual_alias_maps: '$virtual_maps',
    virtual_alias_domains: '$virtual_alias_maps',
    virtual_mailbox_maps: '',
    virtual_mailbox_domains: '$virtual_mailbox_maps',
    local_transport: 'local:$myhostname',
    virtual_transport: 'virtual',
    relay_transport: 'relay',
    default_transport: 'smtp',
    relayhost: '',
    transport_maps: '',
    mailbox_transport: '',
    fallback_transport: '',
    parent_domain_matches_subdomains:
      'debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,relay_domains,smtpd_access_maps',
    default_database_type: 'hash',
    config_directory: folder,
    queue_directory: '/var/spool/postfix',
    data_directory: '/var/lib/postfix',
    compatibility_level: '0',
  };
}
