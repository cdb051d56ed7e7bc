/** The configuration of a Dovecot that only accepts mail by LMTP, as an ordinary user, in one directory. */

/** Settings that tests vary. */
export interface DovecotSettings {
  /** Reply for a full mailbox: 552 5.2.2, permanent, or 452 4.2.2, temporary. Default: 552. */
  readonly fullMailbox?: 552 | 452;
  /** When a full mailbox is refused: at RCPT only if it is already over its quota. Default: after the dot. */
  readonly quotaCheckedAt?: 'RCPT' | 'dot';
  /** PEM; with it STARTTLS is offered, and there is a second port with TLS from the first octet. Default: none. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Further lines of configuration; they are last, so they win. */
  readonly furtherLines?: readonly string[];
}

/** Where it runs, and as which user. */
export interface DovecotPlace {
  readonly directory: string;
  readonly port: number;
  /** The port with TLS from the first octet. */
  readonly tlsPort: number;
  readonly user: string;
  readonly group: string;
}

/** Writes dovecot.conf. */
export function composeDovecotConfiguration(place: DovecotPlace, settings: DovecotSettings): string {
  const { directory } = place;
  return `
protocols = lmtp
hostname = dovecot.test
base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = ${directory}/log
${composeTls(place, settings)}

# Every process is one and the same ordinary user's, who owns the mail too: nothing can change its root directory or user.
default_internal_user = ${place.user}
default_internal_group = ${place.group}
default_login_user = ${place.user}
first_valid_uid = 0
${['anvil', 'stats'].map((name) => `service ${name} {\n  chroot =\n}`).join('\n')}
service lmtp {
  user = ${place.user}
  chroot =
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${place.port}
  }
  unix_listener lmtp {
    mode = 0666
  }
}

# There are no logins, but without a passdb there are no users at all.
passdb {
  driver = static
  args = nopassword=y
}
# Who has no file is unknown.
userdb {
  driver = passwd-file
  args = username_format=%Lu ${directory}/users/%Lu
  default_fields = home=${directory}/mail/%Ln
}
recipient_delimiter = +

mail_location = maildir:~/Maildir
# What a power failure would do to the mail of a test does not matter; its speed does.
mail_fsync = never
mail_plugins = quota
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=1G
  # Without grace the message that would overfill a mailbox is refused, not only the one after it.
  quota_grace = 0
}
quota_full_tempfail = ${settings.fullMailbox === 452 ? 'yes' : 'no'}
lmtp_rcpt_check_quota = ${settings.quotaCheckedAt === 'RCPT' ? 'yes' : 'no'}
protocol lmtp {
  postmaster_address = postmaster@dovecot.test
}
${(settings.furtherLines ?? []).join('\n')}
`;
}

function composeTls({ directory, tlsPort }: DovecotPlace, { certificate }: DovecotSettings): string {
  if (certificate === undefined) return 'ssl = no';
  return `ssl = yes
ssl_cert = <${directory}/cert.pem
ssl_key = <${directory}/key.pem
service lmtp {
  inet_listener lmtps {
    address = 127.0.0.1
    port = ${tlsPort}
    ssl = yes
  }
}`;
}
