/// Synapse's top-level keys that are understood to the extent that they may be there: features
/// that are not offered, or that need no setting. A file that has them draws no warning.
enum KnownKeys {
  /// Keys of what a server would be trusted to do, or to hold back, and does not here: to pass
  /// over them in silence could let in whom the file keeps out.
  static let notOffered = """
    account_validity alias_creation_rules allowed_local_3pids auto_join_rooms
    block_non_admin_invites default_power_level_content_override
    encryption_enabled_by_default_for_room_type exclude_rooms_from_sync
    hs_disabled jwt_config ldap_config limit_profile_requests_to_users_who_share_rooms
    limit_remote_rooms matrix_authentication_service modules oidc_config oidc_providers
    password_providers require_auth_for_profile_requests saml2_config server_notices spam_checker
    third_party_event_rules
    """.split(whereSeparator: \.isWhitespace).map(String.init)

  static let withoutEffect: Set<String> = Set(
    all.split(whereSeparator: \.isWhitespace).map(String.init))

  private static let all = """
    use_frozen_dicts user_agent_suffix report_stats_endpoint soft_file_limit gc_thresholds
    gc_min_interval daemonize print_pidfile web_client_location web_client templates 
    extra_well_known_client_content enable_search listeners
    worker_listeners worker_daemonize worker_replication_http_port
    filter_timeline_limit redaction_retention_period forgotten_room_retention_period
    user_ips_max_age request_token_inhibit_3pid_errors next_link_domain_whitelist
    dummy_events_threshold delete_stale_devices_after email_domain
    event_cache_size request_logging 
    include_profile_data_on_invite 
    federation_certificate_verification_whitelist federation_client_minimum_tls_version
    federation_whitelist_endpoint_enabled allow_device_name_lookup_over_federation federation
    federation_rr_transactions_per_room_per_second suppress_key_server_warning
    key_refresh_interval old_signing_keys signing_keys
    mau_stats_only mau_trial_days mau_appservice_trial_days mau_limit_reserved_threepids
    mau_limit_alerting 
    limit_usage_by_mau max_mau_value mau_limits_reserved_threepids
    url_preview_url_blacklist url_preview_url_blocklist url_preview_ip_range_whitelist
    url_preview_ip_range_allowlist url_preview_accept_language max_spider_size oembed
    max_image_pixels max_avatar_size allowed_avatar_mimetypes dynamic_thumbnails thumbnail_sizes
    media_storage_providers media_retention media_instance_running_background_jobs
    media_upload_limits max_pending_media_uploads unused_expiration_time
    enable_authenticated_media enable_local_media_storage prevent_media_downloads_from
    remote_media_download_burst_count remote_media_download_per_second backup_media_store_path
    matrix_rtc
    registrations_require_3pid disable_msisdn_registration enable_3pid_lookup
    enable_3pid_changes default_identity_server account_threepid_delegates
    enable_set_displayname enable_set_avatar_url
    auto_accept_invites autocreate_auto_join_rooms autocreate_auto_join_rooms_federated
    autocreate_auto_join_room_preset auto_join_mxid_localpart auto_join_rooms_for_guests
    auto_join_user_id captcha_ip_origin_is_x_forwarded captcha_bypass_secret
    recaptcha_siteverify_api msc4335_media_upload_limits_config_enabled
    cas_config sso 

    push user_directory stats
    opentracing sentry metrics_flags metrics_port metrics_bind_host
    enable_room_list_search 
    enable_registration_token_3pid_bypass room_prejoin_state room_invite_state_types
    track_appservice_user_ips track_puppeted_user_ips use_appservice_legacy_authorization
    notify_appservices background_updates experimental_features
    allow_per_room_profiles cleanup_extremities_with_dummy_events
    user_types user_types_config
    rc_messages_per_second rc_message_burst_count federation_rc_window_size
    federation_rc_sleep_limit federation_rc_sleep_delay federation_rc_reject_limit
    federation_rc_concurrent no_tls tls_fingerprints acme tls_dh_params_path
    database_path statement_timeout start_pushers send_federation update_user_directory
    worker_log_config log_config log_file verbose full_twisted_stacktraces expire_access_token
    federation_ip_range_whitelist max_request_size room_list_publication_rules
    """
}
