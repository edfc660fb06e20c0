import Entra

/// Known claims of Entra's access tokens.
enum KnownClaims {
    private static let names: Set<String> = [
        "aud", "iss", "iat", "nbf", "exp", "aio", "acr", "acrs", "acct", "amr", "appid", "appidacr", "azp", "azpacr",
        "family_name", "given_name", "groups", "hasgroups", "idp", "idtyp", "ipaddr", "login_hint", "name", "oid",
        "onprem_sid", "onprem_sam_account_name", "preferred_username", "puid", "rh", "roles", "scp", "sid", "sub",
        "tid",
        "tenant_ctry", "tenant_region_scope", "unique_name", "upn", "uti", "ver", "verified_primary_email",
        "verified_secondary_email", "wids", "xms_cc", "xms_ssm", "xms_mirid", "xms_idrel", "xms_sub_fct", "xms_act_fct",
        "xms_pdl", "xms_pl", "xms_tpl", "xms_tcdt", "xms_tdbr", "xms_ftd", "xms_st", "xms_edov", "email", "ctry", "fwd",
        "in_corp", "vnet", "deviceid", "auth_time", "pwd_exp", "pwd_url", "ztdid", "cnf", "nonce", "family", "platf",
        "signin_state", "home_oid", "department", "employeeid", "jobtitle", "xms_az_rid", "xms_az_tm",
        "xms_az_nwperimid",
    ]

    /// Whether the claim is known. Directory extensions have their own naming scheme.
    static func contains(_ name: String) -> Bool {
        names.contains(name) || name.hasPrefix("extension_") || name.hasPrefix("extn.")
    }

    /// The JSON type of a claim that is not a string.
    enum ValueType {
        case number
        case boolean

        var words: String {
            switch self {
            case .number: "a number"
            case .boolean: "a boolean"
            }
        }

        var example: String {
            switch self {
            case .number: "0 or 1"
            case .boolean: "true or false"
            }
        }

        func fits(_ value: ClaimValue) -> Bool {
            switch (self, value) {
            case (.number, .integer), (.number, .real), (.boolean, .boolean): true
            default: false
            }
        }
    }

    /// The type of a claim that is known not to be a string; nil for all others.
    static func type(of claim: String) -> ValueType? {
        switch claim {
        case "acct", "iat", "nbf", "exp", "auth_time", "xms_tcdt": .number
        case "hasgroups": .boolean
        default: nil
        }
    }

    static let applications: [GUID] = [
        "6dae42f8-4368-4678-94ff-3960e28e3630", "80faf920-1908-4b52-b5ef-a8e7bedfc67a",
        "6256c85f-0aad-4d50-b960-e6e9b21efe35", "3f4439ff-e698-4d6d-84fe-09c9d574f06b",
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "00000003-0000-0000-c000-000000000000",
    ].compactMap { GUID($0) }
}
