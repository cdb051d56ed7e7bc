/**
 * What has to stand in a mail store's configuration for LMTP to be had over the network.
 */

/** The lines for Dovecot and for Cyrus, behind a warning: LMTP has no defence against strangers of its own. */
export function listenerLines(port: number): string {
  return `An LMTP listener must not be open to the world: it takes mail for every mailbox from all who reach it, past the filters of the MX. Let TCP ${port} in from the security group of the functions only, and listen on a private address.
Dovecot, conf.d/10-master.conf:
  service lmtp {
    inet_listener lmtp {
      # the private address of this host; * would be every one
      address = 10.0.1.7
      port = ${port}
    }
  }
Cyrus, cyrus.conf, section SERVICES (it wants AUTH then; with cmd="lmtpd -a" it takes mail from all who reach the port):
  lmtp cmd="lmtpd" listen="${port === 24 ? 'lmtp' : port}" prefork=1`;
}
