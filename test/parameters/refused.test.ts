/** Every parameter of Postfix about LMTP is either supported, or known and refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  isParameterName,
  ParameterError,
  parametersFromEnvironment,
  parseParameters,
} from '../../functions/parameters/parameters.ts';
import { refusalsByReason, refusedParameters } from '../../functions/parameters/refused.ts';
import { refusalOf, whyNot } from '../../functions/parameters/why-not.ts';

/** The supported parameters. */
const set = `
  lmtp_tcp_port lmtp_connect_timeout lmtp_lhlo_timeout lmtp_mail_timeout lmtp_rcpt_timeout lmtp_data_init_timeout
  lmtp_data_xfer_timeout lmtp_data_done_timeout lmtp_rset_timeout lmtp_quit_timeout lmtp_skip_quit_response
  lmtp_cache_connection max_idle max_use lmtp_destination_concurrency_limit default_destination_concurrency_limit
  lmtp_destination_recipient_limit default_destination_recipient_limit debug_peer_list debug_peer_level
  lmtp_address_preference lmtp_assume_final lmtp_balance_inet_protocols lmtp_cname_overrides_servername
  lmtp_connection_cache_destinations lmtp_connection_cache_time_limit lmtp_connection_reuse_count_limit
  lmtp_connection_reuse_time_limit lmtp_delivery_status_filter lmtp_discard_lhlo_keywords
  lmtp_discard_lhlo_keyword_address_maps lmtp_dns_support_level lmtp_fallback_relay lmtp_host_lookup lmtp_lhlo_name
  lmtp_line_length_limit lmtp_min_data_rate lmtp_mx_address_limit lmtp_mx_session_limit lmtp_per_request_deadline
  lmtp_quote_rfc821_envelope lmtp_randomize_addresses lmtp_reply_filter lmtp_skip_5xx_greeting soft_bounce myhostname
  inet_protocols disable_dns_lookups known_tcp_ports use_srv_lookup ignore_srv_lookup_error allow_srv_lookup_fallback
  line_length_limit header_size_limit disable_mime_output_conversion mime_nesting_limit mime_boundary_length_limit
  smtputf8_enable default_delivery_status_filter delay_logging_resolution_limit info_log_address_format
  lmtp_sasl_auth_enable lmtp_sasl_password_maps lmtp_sasl_password_result_delimiter lmtp_sasl_mechanism_filter
  lmtp_sasl_security_options lmtp_sasl_tls_security_options lmtp_sasl_tls_verified_security_options
  lmtp_sasl_auth_soft_bounce lmtp_sasl_auth_cache_time lmtp_send_dummy_mail_auth
  minimal_backoff_time maximal_backoff_time maximal_queue_lifetime bounce_queue_lifetime lmtp_flags
  initial_destination_concurrency default_destination_concurrency_failed_cohort_limit qmgr_message_active_limit
  lmtp_initial_destination_concurrency lmtp_destination_concurrency_failed_cohort_limit recipient_delimiter
  delay_warning_time bounce_size_limit bounce_notice_recipient 2bounce_notice_recipient delay_notice_recipient
  error_notice_recipient notify_classes double_bounce_sender mail_name enable_threaded_bounces relay_domains
  lmtp_tls_security_level lmtp_tls_policy_maps lmtp_tls_wrappermode lmtp_starttls_timeout lmtp_tls_CAfile
  lmtp_tls_cert_file lmtp_tls_key_file lmtp_tls_chain_files lmtp_tls_verify_cert_match lmtp_tls_secure_cert_match
  lmtp_tls_fingerprint_cert_match lmtp_tls_fingerprint_digest lmtp_tls_protocols lmtp_tls_mandatory_protocols
  lmtp_tls_servername lmtp_tls_connection_reuse lmtp_tls_block_early_mail_reply lmtp_log_tls_feature_status`;

/** Essential or useful parameters that wait for the queue. */
const notYet = `
  message_size_limit confirm_delay_cleared`;

/** Parameters without a meaning here, whatever they mean in Postfix. */
const never = `
  defer_transports
  lmtp_address_verify_target lmtp_bind_address lmtp_bind_address6 lmtp_bind_address_enforce lmtp_body_checks
  lmtp_header_checks lmtp_mime_header_checks lmtp_nested_header_checks lmtp_connection_cache_on_demand
  lmtp_defer_if_no_mx_address_found lmtp_dns_reply_filter lmtp_dns_resolver_options lmtp_generic_maps
  lmtp_per_record_deadline lmtp_pix_workarounds lmtp_pix_workaround_maps lmtp_pix_workaround_delay_time
  lmtp_pix_workaround_threshold_time lmtp_requiretls_policy lmtp_sasl_path lmtp_sasl_type lmtp_send_xforward_command
  lmtp_tls_CApath lmtp_tls_dcert_file lmtp_tls_dkey_file lmtp_tls_eccert_file lmtp_tls_eckey_file
  lmtp_tls_session_cache_database lmtp_tls_session_cache_timeout lmtp_xforward_timeout lmtp_sasl_auth_cache_name
  send_cyrus_sasl_authzid lmtp_sender_dependent_authentication lmtp_tls_ciphers lmtp_tls_mandatory_ciphers
  lmtp_tls_exclude_ciphers lmtp_tls_mandatory_exclude_ciphers lmtp_tls_scert_verifydepth lmtp_tls_trust_anchor_file
  lmtp_tls_enable_rpk lmtp_tls_force_insecure_host_tlsa_lookup lmtp_tls_loglevel lmtp_tls_loglevel_maps
  lmtp_tls_trace_size_limit lmtp_tls_note_starttls_offer lmtp_tls_enforce_sts_mx_patterns lmtp_tlsrpt_enable
  lmtp_tlsrpt_socket_name lmtp_tlsrpt_skip_reused_handshakes lmtp_use_tls lmtp_enforce_tls lmtp_tls_enforce_peername
  lmtp_tls_per_site local_destination_recipient_limit inet_interfaces proxy_interfaces smtputf8_autodetect_classes
  enable_idna2003_compatibility cyrus_sasl_config_path connection_cache_service_name
  connection_cache_protocol_timeout connection_cache_ttl_limit connection_cache_status_update_time tcp_windowsize
  helpful_warnings best_mx_transport propagate_unmatched_extensions parent_domain_matches_subdomains queue_run_delay
  transport_retry_time default_destination_concurrency_negative_feedback
  default_destination_concurrency_positive_feedback lmtp_destination_concurrency_negative_feedback
  lmtp_destination_concurrency_positive_feedback destination_concurrency_feedback_debug default_destination_rate_delay
  lmtp_destination_rate_delay default_transport_rate_delay lmtp_transport_rate_delay
  qmgr_message_recipient_limit qmgr_message_recipient_minimum default_recipient_limit default_extra_recipient_limit
  default_recipient_refill_limit default_recipient_refill_delay default_delivery_slot_cost default_delivery_slot_loan
  default_delivery_slot_discount default_minimum_delivery_slots qmgr_clog_warn_time qmgr_daemon_timeout
  qmgr_ipc_timeout daemon_timeout ipc_timeout default_process_limit bounce_template_file header_from_format
  internal_mail_filter_classes backwards_bounce_logfile_compatibility requiretls_enable requiretls_redact_dsn
  tls_required_enable tls_high_cipherlist tls_random_source cleanup_replace_stray_cr_lf`;

const names = (text: string) => text.trim().split(/\s+/);

test("Postfix's useful parameters for LMTP can be set", () => {
  assert.deepEqual(
    names(set).filter((name) => !isParameterName(name)),
    [],
  );
});

test('a parameter that is planned is refused as such, without a promise when', () => {
  for (const name of names(notYet)) assert.match(refusalOf(name) ?? '', /^[A-Z].*does not have it yet\b.*\.$/, name);
});

test('a parameter without a meaning here is refused with the reason', () => {
  for (const name of names(never)) {
    const reason = refusalOf(name) ?? '';
    assert.match(reason, /^(?:[A-Z]|lmtp_).*\.$/, name);
    assert.doesNotMatch(reason, /\byet\b/, name);
  }
});

test('no parameter is both supported and refused, and none is refused twice', () => {
  const refused = refusalsByReason.flatMap((refusal) => refusal.names);
  assert.deepEqual(refused.filter(isParameterName), []);
  assert.equal(new Set(refused).size, refused.length);
  assert.equal(refusedParameters.size, refused.length);
});

test('setting a refused parameter is an error with the reason', () => {
  assert.throws(
    () => parseParameters({ lmtp_header_checks: 'regexp:/x' }),
    (error) =>
      error instanceof ParameterError &&
      error.message === `lmtp_header_checks: cannot be set here. ${refusalOf('lmtp_header_checks')}`,
  );
});

describe('an unknown name brings the most similar parameter:', () => {
  for (const [name, meant] of [
    ['lmtp_mail_timeuot', 'lmtp_mail_timeout'],
    ['smtp_mail_timeout', 'lmtp_mail_timeout'],
    ['smtp_helo_name', 'lmtp_lhlo_name'],
    ['smtp_discard_ehlo_keywords', 'lmtp_discard_lhlo_keywords'],
    ['LMTP_MAIL_TIMEOUT', 'lmtp_mail_timeout'],
    ['max_uses', 'max_use'],
  ] as const) {
    test(name, () => assert.equal(whyNot(name), `is not a parameter of lambda-lmtp; did you mean ${meant}?`));
  }
  for (const name of ['', 'x', 'relayhost_maps_of_old', 'constructor', '__proto__', 'a'.repeat(10_000)]) {
    test(`${JSON.stringify(name.slice(0, 30))} is similar to none`, () =>
      assert.equal(whyNot(name), 'is not a parameter of lambda-lmtp'));
  }
});

describe('a variable that is similar to ours and unknown stops the function:', () => {
  for (const [variable, words] of [
    ['LMTP_MAIL_TIMEUOT', /^lmtp_mail_timeuot: is not a parameter .* mean lmtp_mail_timeout\?/],
    ['LMTP_GENERIC_MAPS', /^lmtp_generic_maps: cannot be set here\. /],
    ['LMTP_TLS_CAPATH', /^lmtp_tls_capath: cannot be set here\. .*lmtp_tls_CAfile takes any number/],
    ['LMTP_TLS_CAFLE', /^lmtp_tls_cafle: is not a parameter .* mean lmtp_tls_CAfile\?/],
  ] as const) {
    test(variable, () => {
      assert.throws(
        () => parametersFromEnvironment({ [variable]: 'x' }),
        (error) => error instanceof ParameterError && words.test(error.message),
      );
    });
  }
});
