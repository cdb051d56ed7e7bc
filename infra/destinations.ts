/**
 * Where a stack delivers to: `destination` and `transportMap` as the one text that its functions read, and the checks that
 * can be made before anything is deployed.
 */
import { PropsError, refuse } from './props-error.ts';

export interface Destinations {
  readonly destination?: string | undefined;
  readonly transportMap?: string | undefined;
  readonly allowedDestinations?: readonly string[] | undefined;
}

const nextHops = 'inet:host:port, inet:[address]:port, or the same without inet:';

/**
 * The transport map of a stack, in Postfix transport(5) syntax: that of the properties, and a last entry `*` for the
 * destination of all other mail.
 *
 * @throws PropsError when nothing could be delivered, two destinations claim the same mail, or one cannot exist
 */
export function transportMapOf({ destination, transportMap, allowedDestinations = [] }: Destinations): string {
  if (!destination && !transportMap && allowedDestinations.length === 0) {
    throw new PropsError(`destination: none is given, nor a transportMap: one of them is wanted (${nextHops})`);
  }
  if (destination) checkNextHop('destination', destination);
  for (const allowed of allowedDestinations) checkNextHop('allowedDestinations', allowed);
  const lines = (transportMap ?? '').split('\n').map((line) => line.trimEnd());
  const entries = lines.filter((line) => line !== '' && !line.startsWith('#'));
  for (const entry of entries) checkEntry(entry);
  if (destination && entries.some((entry) => /^\*\s/.test(entry))) {
    throw refuse('destination', destination, 'nothing (the transportMap has an entry * already)');
  }
  return [...entries, ...(destination ? [`* lmtp:${destination}`] : [])].join('\n');
}

/** One entry: a pattern, blanks, `lmtp:` and a next-hop. */
function checkEntry(entry: string): void {
  const found = /^(\S+)\s+lmtp:(\S+)$/.exec(entry);
  if (found === null) throw refuse('transportMap', entry, 'a recipient pattern, blanks, lmtp: and a next-hop');
  checkNextHop('transportMap', found[2] ?? '');
}

/** What a next-hop looks like from outside; the functions take it apart in earnest. */
function checkNextHop(name: string, nextHop: string): void {
  if (nextHop.startsWith('unix:')) throw new PropsError(`${name}: ${nextHop} is not allowed: ${noSocket}`);
  if (!/^(inet:)?(\[[^\][\s]+\]|[^:\][\s]+)(:[\w-]+)?(,|$)/.test(nextHop)) throw refuse(name, nextHop, nextHops);
}

const noSocket = `a Lambda function runs on a machine of its own, where the mail store has no socket.
Let the mail store listen on a TCP port that the function can reach, and give inet:host:port instead.

Dovecot, conf.d/10-master.conf:

    service lmtp {
      inet_listener lmtp {
        port = 24
      }
    }

Cyrus, cyrus.conf, section SERVICES (over TCP lmtpd wants AUTH; with -a it takes mail from whoever reaches the port):

    lmtp  cmd="lmtpd" listen="24" prefork=0
`;
