"""The metrics of the contract."""

FAMILIES = {
    "kube_entra_token_reviews_total": "counter",
    "kube_entra_token_review_duration_seconds": "histogram",
    "kube_entra_verified_token_cache_total": "counter",
    "kube_entra_signing_keys": "gauge",
    "kube_entra_signing_key_refreshes_total": "counter",
    "kube_entra_signing_keys_last_success_timestamp_seconds": "gauge",
    "kube_entra_group_resolutions_total": "counter",
    "kube_entra_config_reloads_total": "counter",
    "kube_entra_config_last_success_timestamp_seconds": "gauge",
    "kube_entra_certificate_expiry_timestamp_seconds": "gauge",
    "kube_entra_connections": "gauge",
    "kube_entra_requests_rejected_total": "counter",
    "kube_entra_emergency_access_total": "counter",
    "kube_entra_build_info": "gauge",
    "process_cpu_seconds_total": "counter",
    "process_resident_memory_bytes": "gauge",
}
