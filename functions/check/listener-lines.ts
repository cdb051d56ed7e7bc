/**
 * What has to stand in a mail store's configuration for LMTP to be had over the network.
 */

/** The lines for Dovecot and for Cyrus. */
export function listenerLines(port: number): string {
  return `Dovecot, conf.d/10-master.conf:
  service lmtp {
    inet_listener lmtp {
      address = *
      port = ${port}
    }
  }
Cyrus, cyrus.conf, section SERVICES (it wants AUTH then; with cmd="lmtpd -a" it takes mail from whoever reaches the port):
  lmtp cmd="lmtpd" listen="${port === 24 ? 'lmtp' : port}" prefork=1`;
}
