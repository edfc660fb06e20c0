import Glibc
import NIOCore

extension WebhookService {
    /// What an error of the network means, for people.
    public static func sentence(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return switch error.errnoCode {
        case EADDRINUSE: "the address is in use\n→ `ss -ltnp` shows the program that has it"
        case EACCES, EPERM: "this user may not use the port\n→ take a port above 1023"
        case EADDRNOTAVAIL: "this host does not have the address"
        default: String(cString: strerror(error.errnoCode))
        }
    }
}
