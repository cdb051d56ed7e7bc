/**
 * What the manual page of Postfix's own lmtp(8) said when LMTP had a program to itself (Postfix 1.1 and 2.0), and what
 * answers each statement here. docs/parameters.md shows it.
 */

/** One statement. Both sides are Markdown without line ends or bars. */
export interface ManualStatement {
  readonly statement: string;
  readonly here: string;
}

/** The statements by the page's sections, in its order. */
export const manualPage: Readonly<Record<string, readonly ManualStatement[]>> = {
  'Synopsis and description': [
    {
      statement: 'It takes the options that all Postfix daemons have.',
      here: 'No counterpart: a function is not started by hand. `npx lambda-lmtp deliver` is the same agent as a command, with options of its own.',
    },
    {
      statement:
        'It works on requests of the queue manager; each names a queue file, a sender, a next-hop and recipients.',
      here: 'A message in the active queue names a delivery: an item of the queue table with sender, next-hop and recipients. The queue file is that item and the body in S3.',
    },
    {
      statement: 'master(8) starts it.',
      here: 'No counterpart: Lambda starts functions as the active queue has work, as many at once as `maximumConcurrency` of the construct allows (maxproc in master.cf).',
    },
    {
      statement: 'It marks recipients as finished in the queue file, or has the queue manager try them again later.',
      here: 'The verdicts of an attempt are written to the item in one conditional write; what is deferred has a time at which it is woken.',
    },
    {
      statement: 'Problems are reported through bounce(8) and defer(8).',
      here: 'Bounces, expiries and successes that were asked for are events on the bounce topic, as JSON; the bounce function makes reports by mail of them (`bounce_report_routes`).',
    },
  ],
  Destinations: [
    {
      statement: 'The destination stands in the request, and comes from transport(5).',
      here: "`destination` and `transportMap` of the construct, in transport(5) syntax; or a request's own `destination`, if it is on the list of those allowed.",
    },
    {
      statement: '`unix:pathname` connects to a socket of the local machine.',
      here: 'The same on the command line and in containers. A function has no such sockets, which synth says.',
    },
    {
      statement: 'In a chrooted process that path begins at the changed root.',
      here: 'No counterpart: nothing is chrooted. The path is as the process sees it.',
    },
    {
      statement: '`inet:host` and `inet:host:port` connect to a host by name.',
      here: 'The same, over IPv4 and IPv6 (`inet_protocols`, `lmtp_address_preference`). Several destinations may stand in a list and are tried in order.',
    },
    {
      statement: '`inet:[addr]` and `inet:[addr]:port` connect to an address.',
      here: 'The same; an IPv6 address stands in brackets too. Addresses of the own machine or segment are refused unless `allow_local_destinations=yes`.',
    },
    {
      statement:
        'Without a port: the one that services(5) calls lmtp, and only if there is none, `lmtp_tcp_port` (24).',
      here: '`lmtp_tcp_port`, as in Postfix today. A function has no services(5) to ask; `known_tcp_ports` has the names that may stand for a port. Port 25 is refused (RFC 2033 section 5).',
    },
    {
      statement: 'There are no MX look-ups.',
      here: 'The same, always. SRV records are looked up where `use_srv_lookup` says so.',
    },
    { statement: 'Without `unix:` or `inet:`, `inet:` is meant.', here: 'The same.' },
  ],
  Security: [
    {
      statement: 'It talks to LMTP servers and DNS servers on the network.',
      here: 'It also talks to AWS. Replies are bounded (`line_length_limit`) and escaped wherever they are shown; destinations and buckets of a request must be on a list.',
    },
    {
      statement: 'It can run chrooted, with fixed low privileges.',
      here: 'No chroot; each function has a role of its own that permits what it does and nothing else, on a machine of its own.',
    },
  ],
  Standards: [
    {
      statement:
        'RFC 821 and 2821 (SMTP), 1651 (extensions), 1652 (8BITMIME), 1870 (SIZE), 2033 (LMTP), 2920 (PIPELINING).',
      here: 'The same in their present editions: RFC 5321, 6152, 1870, 2033, 2920. Also 2034 and 3463 (status codes), 3461 and 3464 (DSN), 6531 (SMTPUTF8), 9422 (LIMITS).',
    },
    { statement: 'RFC 2554 (AUTH).', here: 'RFC 4954 took its place: the same. Also 3207 (STARTTLS).' },
  ],
  Diagnostics: [
    {
      statement: 'Problems and transactions are logged through syslogd(8).',
      here: 'One JSON line for each recipient, with the fields of a Postfix delivery line, in CloudWatch Logs; the command line prints the same.',
    },
    {
      statement: 'A queue file that is damaged is marked, and goes to the corrupt queue.',
      here: 'A request that cannot be used goes to the corrupt queue, with the reason; so does what was queued and has lost its body. A copy of each stays in S3.',
    },
    {
      statement: 'As `notify_classes` says, the postmaster is told of bounces, protocol errors and other trouble.',
      here: 'The same, on the notice topic, and as mail where a route serves the address of the postmaster.',
    },
  ],
  Bugs: [
    {
      statement: 'Nothing is listed.',
      here: 'Known limits stand at the head of the source files that have them, and under [Known limits](decisions.md#known-limits).',
    },
  ],
  Configuration: [
    {
      statement: 'Parameters stand in main.cf, whose syntax is described there.',
      here: '`parameters` of the construct, `--parameter` on the command line, or the environment; names and values as in main.cf.',
    },
    {
      statement: '`postfix reload` makes a change count.',
      here: 'No counterpart: parameters are read when a function starts; `cdk deploy` starts new ones. `npx lambda-lmtp parameters` shows what comes of them (postconf).',
    },
    {
      statement: '`debug_peer_list`, `debug_peer_level`: more is logged of some hosts.',
      here: 'The same: their dialogues go to the log, without content and secrets.',
    },
    {
      statement: '`error_notice_recipient`: who gets notices of errors.',
      here: 'The same, where a route serves the address; subscribers of the notice topic hear of them in any case.',
    },
    {
      statement: '`notify_classes` with protocol: transcripts of dialogues that went wrong go to the postmaster.',
      here: 'The same; `npx lambda-lmtp deliver --transcript` shows a dialogue at once.',
    },
    {
      statement: '`lmtp_skip_quit_response`: do not wait for the answer to QUIT.',
      here: 'The same, but yes by default.',
    },
    {
      statement: '`lmtp_tcp_port`: the port, should services(5) have none.',
      here: 'The port, as there is no services(5).',
    },
  ],
  Authentication: [
    {
      statement: '`lmtp_sasl_auth_enable`: authenticate (AUTH); only if Postfix was built with SASL.',
      here: 'The same; there is nothing to be built in.',
    },
    {
      statement:
        '`lmtp_sasl_password_maps`: user and password by host or domain; without an entry there is no attempt.',
      here: 'The same, by host or next-hop; also from a secret in Secrets Manager. Without an entry there is no attempt; with one, a server that does not offer AUTH gets no mail (`lmtp_sasl_auth_required`).',
    },
    {
      statement:
        '`lmtp_sasl_security_options`: no plaintext passwords (noplaintext), nothing open to active attacks (noactive) or to passive dictionary attacks (nodictionary), no anonymous login (noanonymous).',
      here: 'The same, with two more: mutual_auth, forward_secrecy; and variants for TLS.',
    },
  ],
  Resources: [
    {
      statement:
        '`lmtp_cache_connection`: keep the session; how much that helps depends on how many servers and clients there are.',
      here: 'The same: each container keeps sessions of its own, `lmtp_connection_cache_size` of them.',
    },
    {
      statement: 'A kept session ends when it was idle for `max_idle`.',
      here: 'The same, but it is noticed at the next use, by two clocks: no timer runs in a frozen container. Then there is no QUIT.',
    },
    {
      statement: 'It ends when a request has another destination.',
      here: 'It stays, while there is room for more than one; `lmtp_connection_cache_size=1` has the old way.',
    },
    { statement: 'It ends after `max_use` requests.', here: 'The same, counted for each session.' },
    {
      statement: 'It ends when its server does not answer RSET before the next request.',
      here: 'The same, and also when it answers with anything but 2xx, or has said something unasked.',
    },
    {
      statement:
        '*transport*`_destination_concurrency_limit`: how many deliveries to one destination at once; by default `default_destination_concurrency_limit`.',
      here: '`lmtp_destination_concurrency_limit`, with the same default, over all containers. 0 is not allowed. A stack is one transport, and its parameters are its own.',
    },
    {
      statement:
        '*transport*`_destination_recipient_limit`: how many recipients in one delivery; by default `default_destination_recipient_limit`.',
      here: '`lmtp_destination_recipient_limit`, with the same default.',
    },
    {
      statement:
        'It matters where LMTP is used for local mail: some servers store one copy for all recipients. For local mail it is 1 by default.',
      here: 'The first is so here too. There is no local(8), so nothing has 1 by default.',
    },
    {
      statement: '0 means no limit, at the risk of running out of resources.',
      here: '0 means as many as fit into one item of the table: there is no such risk.',
    },
  ],
  Timeouts: [
    { statement: 'Seconds, or a number with s, m, h, d or w.', here: 'The same.' },
    {
      statement: '`lmtp_connect_timeout`: to connect; when it is over, the message is deferred.',
      here: 'The same after all addresses have been tried. The default is not 0 (no limit).',
    },
    {
      statement:
        '`lmtp_lhlo_timeout`, `lmtp_mail_timeout`, `lmtp_rcpt_timeout`, `lmtp_data_init_timeout`: to send a command and get the answer.',
      here: 'The same. A wait also ends with the time of the function; it counts as a time-out if the server was silent for 60 s (after the final dot: 120 s; less in a short function).',
    },
    {
      statement: '`lmtp_data_xfer_timeout`: to send the content.',
      here: 'The same: of each write, or with `lmtp_per_request_deadline` of all.',
    },
    {
      statement:
        '`lmtp_data_done_timeout`: from the final dot to the answer; a warning is logged that the message may be delivered twice.',
      here: 'The same for the first answer; for each further one `lmtp_data_done_next_timeout`, if that is less. The verdict says that it may be delivered twice.',
    },
    {
      statement: '`lmtp_rset_timeout`, `lmtp_quit_timeout`: to send RSET, QUIT and get the answer.',
      here: 'The same.',
    },
  ],
  'See also': [
    { statement: 'bounce(8)', here: 'the bounce topic' },
    { statement: 'local(8), spawn(8)', here: 'no counterpart' },
    { statement: 'master(8)', here: 'Lambda and its event source mappings' },
    { statement: 'qmgr(8)', here: 'the qmgr and sweep functions, and the queue table' },
    { statement: 'services(5)', here: '`known_tcp_ports`' },
    { statement: 'syslogd(8)', here: 'CloudWatch Logs' },
  ],
};
