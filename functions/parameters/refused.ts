/**
 * Parameters of Postfix that we know and that cannot be set here, each with the reason.
 *
 * Whoever brings a main.cf along learns from the error why a line of it has no place, or that it has none yet.
 */

interface Refusal {
  /** In one or more sentences, to go behind "cannot be set here." */
  readonly reason: string;
  readonly names: readonly string[];
}

const refusals: readonly Refusal[] = [
  // What later releases are to have.
  {
    reason: 'This release does not have it yet: a notice to the sender that a delayed message was delivered after all.',
    names: ['confirm_delay_cleared'],
  },
  {
    reason: 'Mail is held by hand, with a reason and an end: "lambda-lmtp hold" takes a message or a destination.',
    names: ['defer_transports'],
  },
  {
    reason:
      'This release does not have it yet: a message is in its bucket before its request is, and a server that announces SIZE says what is too large for it.',
    names: ['message_size_limit'],
  },

  // TLS and SASL, what will not come.
  {
    reason: 'Which ciphers are good is left to the TLS library of the runtime.',
    names: [
      'lmtp_tls_ciphers',
      'lmtp_tls_exclude_ciphers',
      'lmtp_tls_mandatory_ciphers',
      'lmtp_tls_mandatory_exclude_ciphers',
    ],
  },
  {
    reason:
      'A folder of hashed certificates is for servers that are looked after by hand; lmtp_tls_CAfile takes them all.',
    names: ['lmtp_tls_CApath'],
  },
  {
    reason:
      'Certificates have a place of their own for each algorithm there. lmtp_tls_chain_files takes whatever there is.',
    names: ['lmtp_tls_dcert_file', 'lmtp_tls_dkey_file', 'lmtp_tls_eccert_file', 'lmtp_tls_eckey_file'],
  },
  {
    reason:
      'TLS sessions are not resumed: sessions of LMTP stay open instead, and a handshake is had once for many messages.',
    names: ['lmtp_tls_session_cache_database', 'lmtp_tls_session_cache_timeout'],
  },
  {
    reason:
      'DANE and raw public keys need DNS answers validated with DNSSEC; the resolver of a function does not validate.',
    names: ['lmtp_tls_enable_rpk', 'lmtp_tls_force_insecure_host_tlsa_lookup', 'lmtp_tls_trust_anchor_file'],
  },
  {
    reason: 'It tunes the TLS library of Postfix, or what Postfix logs of it; the runtime has its own.',
    names: [
      'lmtp_tls_loglevel',
      'lmtp_tls_loglevel_maps',
      'lmtp_tls_note_starttls_offer',
      'lmtp_tls_scert_verifydepth',
      'lmtp_tls_trace_size_limit',
    ],
  },
  {
    reason: 'MTA-STS and TLS reports are about mail between domains; Postfix has the name, and no use for it in LMTP.',
    names: [
      'lmtp_tls_enforce_sts_mx_patterns',
      'lmtp_tlsrpt_enable',
      'lmtp_tlsrpt_skip_reused_handshakes',
      'lmtp_tlsrpt_socket_name',
    ],
  },
  {
    reason: 'It is one of the switches that lmtp_tls_security_level took the place of in Postfix 2.3.',
    names: ['lmtp_enforce_tls', 'lmtp_tls_enforce_peername', 'lmtp_tls_per_site', 'lmtp_use_tls'],
  },
  {
    reason: 'There is one implementation of SASL here, and it is no plug-in: nothing to choose, no library to find.',
    names: ['cyrus_sasl_config_path', 'lmtp_sasl_path', 'lmtp_sasl_type'],
  },
  {
    reason:
      'Each container remembers for itself which credentials were refused, by the version of their secret (lmtp_sasl_auth_cache_time): there is no database of them.',
    names: ['lmtp_sasl_auth_cache_name'],
  },
  {
    reason: 'PLAIN is sent without an authorization identity, so the server uses that of the user (RFC 4616).',
    names: ['send_cyrus_sasl_authzid'],
  },
  {
    reason: 'In LMTP, Postfix never looks passwords up by the sender.',
    names: ['lmtp_sender_dependent_authentication'],
  },
  {
    reason:
      'RFC 8689 (REQUIRETLS) asks for TLS on the whole way of a message. The last hop cannot promise that; a request says nothing of it either.',
    names: ['lmtp_requiretls_policy', 'requiretls_enable', 'requiretls_redact_dsn', 'tls_required_enable'],
  },

  // What a function has no say in.
  {
    reason: "Which address a function connects from is its network's to choose: subnets and security groups decide.",
    names: ['lmtp_bind_address', 'lmtp_bind_address6', 'lmtp_bind_address_enforce'],
  },
  {
    reason: 'Names are asked of the resolver of the network, whose options and filters are set there.',
    names: ['lmtp_dns_reply_filter', 'lmtp_dns_resolver_options'],
  },
  {
    reason: 'Destinations are written in ASCII (xn--...): nothing is converted.',
    names: ['enable_idna2003_compatibility'],
  },
  { reason: 'TCP windows are set by the system that the functions run on.', names: ['tcp_windowsize'] },
  {
    reason: "A function's limits are the construct's: functionTimeout and maximumConcurrency.",
    names: ['daemon_timeout', 'default_process_limit', 'ipc_timeout'],
  },
  {
    reason: 'A request whose function failed is given out again by SQS, after the visibility timeout of its queue.',
    names: ['transport_retry_time'],
  },

  // What another part of Postfix does, or another server.
  {
    reason: 'Content is delivered as it came. Checks belong where mail comes in, before it is queued.',
    names: ['lmtp_body_checks', 'lmtp_header_checks', 'lmtp_mime_header_checks', 'lmtp_nested_header_checks'],
  },
  {
    reason:
      'Addresses are delivered as they are in the request. A producer that needs other addresses rewrites them first.',
    names: ['lmtp_generic_maps', 'propagate_unmatched_extensions'],
  },
  {
    reason:
      'What the first client of a message was called is not in a request, so there is nothing to pass on with XFORWARD.',
    names: ['lmtp_send_xforward_command', 'lmtp_xforward_timeout'],
  },
  {
    reason:
      'There is no address verification service here, and so no probe to end early; "lambda-lmtp deliver" asks a server.',
    names: ['lmtp_address_verify_target'],
  },
  {
    reason: 'It is about MX look-ups. LMTP has none.',
    names: ['best_mx_transport', 'lmtp_defer_if_no_mx_address_found'],
  },
  {
    reason: 'It serves to find mail loops over port 25, where LMTP is never spoken; lmtp_flags=D finds loops.',
    names: ['inet_interfaces', 'proxy_interfaces'],
  },
  {
    reason: 'It works around a firewall that garbled SMTP, and knew nothing of LMTP.',
    names: [
      'lmtp_pix_workaround_delay_time',
      'lmtp_pix_workaround_maps',
      'lmtp_pix_workaround_threshold_time',
      'lmtp_pix_workarounds',
    ],
  },
  {
    reason: 'A request says by smtputf8, or by its addresses, whether it needs SMTPUTF8.',
    names: ['smtputf8_autodetect_classes'],
  },
  {
    reason:
      'It is always so: a CR or LF that belongs to no line end never reaches a server as it is, since another server might take it for one.',
    names: ['cleanup_replace_stray_cr_lf'],
  },
  { reason: 'There is no local(8) here.', names: ['local_destination_recipient_limit'] },
  {
    reason: "Transports are the construct's `transportMap`, or a request's own destination.",
    names: ['transport_maps'],
  },
  {
    reason: 'Domains in debug_peer_list always stand for what is below them too.',
    names: ['parent_domain_matches_subdomains'],
  },
  { reason: 'Hints are always given: they are part of the text of a verdict.', names: ['helpful_warnings'] },

  // What the queue does otherwise.
  {
    reason: 'Each container keeps the sessions it opened, whatever the load: there is no cache that processes share.',
    names: [
      'connection_cache_protocol_timeout',
      'connection_cache_service_name',
      'connection_cache_status_update_time',
      'connection_cache_ttl_limit',
      'lmtp_connection_cache_on_demand',
    ],
  },
  { reason: 'lmtp_per_request_deadline took its place in Postfix 3.7.', names: ['lmtp_per_record_deadline'] },
  {
    reason: 'Every deferred delivery is woken when it is due; the queue is not walked through.',
    names: ['queue_run_delay'],
  },
  {
    reason:
      'The window of deliveries to one destination grows by one with each success, and shrinks with failures as it does in Postfix by default.',
    names: [
      'default_destination_concurrency_negative_feedback',
      'default_destination_concurrency_positive_feedback',
      'destination_concurrency_feedback_debug',
      'lmtp_destination_concurrency_negative_feedback',
      'lmtp_destination_concurrency_positive_feedback',
    ],
  },
  {
    reason:
      'A function that waits is a function that is paid for. A low lmtp_destination_concurrency_limit slows mail down.',
    names: [
      'default_destination_rate_delay',
      'default_transport_rate_delay',
      'lmtp_destination_rate_delay',
      'lmtp_transport_rate_delay',
    ],
  },
  {
    reason: "It bounds the memory and the scheduling of Postfix's queue manager. The queue is a table here.",
    names: [
      'default_delivery_slot_cost',
      'default_delivery_slot_discount',
      'default_delivery_slot_loan',
      'default_extra_recipient_limit',
      'default_minimum_delivery_slots',
      'default_recipient_limit',
      'default_recipient_refill_delay',
      'default_recipient_refill_limit',
      'lmtp_delivery_slot_cost',
      'lmtp_delivery_slot_discount',
      'lmtp_delivery_slot_loan',
      'lmtp_extra_recipient_limit',
      'lmtp_minimum_delivery_slots',
      'lmtp_recipient_limit',
      'lmtp_recipient_refill_delay',
      'lmtp_recipient_refill_limit',
      'qmgr_clog_warn_time',
      'qmgr_daemon_timeout',
      'qmgr_ipc_timeout',
      'qmgr_message_recipient_limit',
      'qmgr_message_recipient_minimum',
    ],
  },
  {
    reason:
      'The text of reports is fixed. For another text, generate your own reports from the events on the bounce topic.',
    names: [
      'backwards_bounce_logfile_compatibility',
      'bounce_template_file',
      'header_from_format',
      'internal_mail_filter_classes',
    ],
  },
];

/** The reason for each name. */
export const refusedParameters: ReadonlyMap<string, string> = new Map(
  refusals.flatMap(({ reason, names }) => names.map((name) => [name, reason] as const)),
);

/** The same by reason, in the order in which they are shown. */
export const refusalsByReason: readonly Refusal[] = refusals;
