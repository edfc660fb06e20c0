/// Entra's error codes for refused token requests; credential plugins print them.
public enum SignInError {
    /// The first code in a text, for example `AADSTS50020`.
    public static func code(in text: String) -> String? {
        let bytes = Array(text.utf8)
        let mark = Array("AADSTS".utf8)
        guard bytes.count > mark.count else { return nil }
        for start in 0..<(bytes.count - mark.count) where bytes[start..<start + mark.count].elementsEqual(mark) {
            let digits = bytes[(start + mark.count)...].prefix(8).prefix { (48...57).contains($0) }
            if !digits.isEmpty { return "AADSTS" + String(decoding: digits, as: UTF8.self) }
        }
        return nil
    }

    /// Where Entra explains a code that ``advice(_:)`` does not know.
    public static let lookUp = "look it up at https://login.microsoftonline.com/error"

    /// The meaning of a code and what to do; nil for unknown codes.
    public static func advice(_ code: String) -> (meaning: String, hint: String)? {
        switch code {
        case "AADSTS50020", "AADSTS90072":
            ("the account is not a member of this tenant", "sign in with another account, or be invited as a guest")
        case "AADSTS50034":
            ("there is no such account in this tenant", "check --tenant-id, or sign in with another account")
        case "AADSTS50076", "AADSTS50079", "AADSTS50158":
            ("multi-factor authentication is needed", "sign in with --login devicecode or interactive")
        case "AADSTS53000", "AADSTS53001", "AADSTS53003", "AADSTS530003":
            ("Conditional Access forbids it", "sign in from a managed device, or with --login interactive")
        case "AADSTS7000218":
            (
                "the client application does not allow public client flows",
                "set Allow public client flows to Yes in the client application"
            )
        case "AADSTS50011":
            (
                "the client application lacks the redirect URI http://localhost",
                "add it, or sign in with --login devicecode"
            )
        case "AADSTS50105", "AADSTS501051":
            (
                "the server application requires assignment, and this account is not assigned",
                "have an administrator assign the account, its group or the application to the server application"
            )
        case "AADSTS65001", "AADSTS650052", "AADSTS650057":
            (
                "the client application may not ask for this cluster's application",
                "have an administrator grant consent, or use another --client-id"
            )
        case "AADSTS500011":
            ("the tenant has no such server application", "check --server-id and --tenant-id")
        case "AADSTS700016":
            ("the tenant has no such client application", "check --client-id and --tenant-id")
        case "AADSTS90002", "AADSTS900023":
            ("there is no such tenant", "check --tenant-id and --environment")
        case "AADSTS7000215":
            ("the client secret is wrong", "check the secret in the environment of the plugin")
        case "AADSTS7000222":
            ("the client secret has expired", "make a new secret for the application")
        case "AADSTS700027":
            ("the client certificate is not the application's", "add the certificate to the application")
        case "AADSTS70043", "AADSTS700082", "AADSTS50173", "AADSTS700084":
            ("the remembered sign-in has expired", "run `kubelogin remove-cache-dir`, then sign in again")
        case "AADSTS50126": ("the name or the password is wrong", "sign in again")
        case "AADSTS50057": ("the account is disabled", "ask an administrator of the tenant")
        case "AADSTS70016", "AADSTS70019", "AADSTS70020":
            ("the device code was not used in time", "sign in again and enter the code in the browser")
        default: nil
        }
    }
}
