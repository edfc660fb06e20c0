public import Prometheus

extension MetricFamily {
    /// Every metric of this project except `process_*`, in the order of the exposition.
    public static let all: [MetricFamily] = [
        MetricFamily(
            name: Name.reviews, help: "Token reviews answered, by result and, unless accepted, reason.", kind: .counter),
        MetricFamily(
            name: Name.reviewDuration,
            help: "Seconds from a whole token review to its answer.",
            kind: .histogram(buckets: [
                0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                2.5, 5,
            ])),
        MetricFamily(
            name: Name.cache, help: "Lookups in the cache of verified tokens, by hit or miss.", kind: .counter),
        MetricFamily(name: Name.signingKeys, help: "Usable signing keys of a tenant.", kind: .gauge),
        MetricFamily(
            name: Name.keyRefreshes, help: "Fetches of a tenant's signing keys, by result.", kind: .counter),
        MetricFamily(
            name: Name.keysLastSuccess,
            help: "When a tenant's signing keys were last fetched, in seconds since 1970.",
            kind: .gauge),
        MetricFamily(
            name: Name.keysFile,
            help: "When the keys in a tenant's signingKeys.file were fetched, in seconds since 1970; 0 without a file.",
            kind: .gauge),
        MetricFamily(
            name: Name.groupResolutions, help: "Questions to the directory about groups, by result.", kind: .counter),
        MetricFamily(name: Name.configReloads, help: "Reloads of the configuration, by result.", kind: .counter),
        MetricFamily(
            name: Name.configLastSuccess,
            help: "When the configuration was last loaded, in seconds since 1970.",
            kind: .gauge),
        MetricFamily(
            name: Name.certificateExpiry,
            help: "When the first certificate of a file expires, in seconds since 1970.",
            kind: .gauge),
        MetricFamily(name: Name.connections, help: "Open connections to the webhook.", kind: .gauge),
        MetricFamily(
            name: Name.rejected, help: "Connections and requests rejected before a decision, by cause.", kind: .counter),
        MetricFamily(
            name: Name.emergencyAccess, help: "Token reviews accepted with emergency access.", kind: .counter),
        MetricFamily(
            name: Name.accessReviews, help: "Access reviews answered, by result and, when denied, reason.",
            kind: .counter),
        MetricFamily(name: Name.watchedPrincipals, help: "Principals that a tenant's watch asks about.", kind: .gauge),
        MetricFamily(
            name: Name.watchOldestAnswer,
            help: "When the oldest answer about a watched principal was asked for, in seconds since 1970.",
            kind: .gauge),
        MetricFamily(
            name: Name.watchQuestions, help: "Questions of the watch to the directory, by result.", kind: .counter),
        MetricFamily(
            name: Name.denied, help: "Reviews refused by a deny list, by what its entry names.", kind: .counter),
        MetricFamily(name: Name.deniedEntries, help: "Entries of the deny lists that are in force.", kind: .gauge),
        MetricFamily(
            name: Name.deniedListBroken, help: "1 while a newer deny list can't be used and the last good one stays.",
            kind: .gauge),
        MetricFamily(
            name: Name.logLinesDropped, help: "Decisions left out of a log, by log and cause.", kind: .counter),
        MetricFamily(name: Name.buildInfo, help: "Always 1; the labels say version and FIPS provider.", kind: .gauge),
    ]

    enum Name {
        static let reviews = "kube_entra_token_reviews_total"
        static let reviewDuration = "kube_entra_token_review_duration_seconds"
        static let cache = "kube_entra_verified_token_cache_total"
        static let signingKeys = "kube_entra_signing_keys"
        static let keyRefreshes = "kube_entra_signing_key_refreshes_total"
        static let keysLastSuccess = "kube_entra_signing_keys_last_success_timestamp_seconds"
        static let keysFile = "kube_entra_signing_keys_file_timestamp_seconds"
        static let groupResolutions = "kube_entra_group_resolutions_total"
        static let configReloads = "kube_entra_config_reloads_total"
        static let configLastSuccess = "kube_entra_config_last_success_timestamp_seconds"
        static let certificateExpiry = "kube_entra_certificate_expiry_timestamp_seconds"
        static let connections = "kube_entra_connections"
        static let rejected = "kube_entra_requests_rejected_total"
        static let emergencyAccess = "kube_entra_emergency_access_total"
        static let accessReviews = "kube_entra_access_reviews_total"
        static let watchedPrincipals = "kube_entra_watched_principals"
        static let watchOldestAnswer = "kube_entra_watch_oldest_answer_timestamp_seconds"
        static let watchQuestions = "kube_entra_watch_questions_total"
        static let denied = "kube_entra_denied_total"
        static let deniedEntries = "kube_entra_denied_entries"
        static let deniedListBroken = "kube_entra_denied_list_broken"
        static let logLinesDropped = "kube_entra_log_lines_dropped_total"
        static let buildInfo = "kube_entra_build_info"
    }
}

extension PrometheusRegistry {
    /// A registry with every metric of this project.
    public convenience init() {
        self.init(families: MetricFamily.all)
    }
}
