import Glibc
import NIOCore
import Terminal

extension WebhookService {
    /// What an error of the network means for people, after what cannot be done because of it.
    static func failure(_ start: String, _ error: any Error) -> CommandFailure {
        guard let error = error as? IOError else { return CommandFailure("\(start)\(error)") }
        return switch error.errnoCode {
        case EADDRINUSE:
            CommandFailure("\(start)the address is in use", hint: "`ss -ltnp` shows the program that has it")
        case EACCES, EPERM:
            CommandFailure("\(start)this user may not use the port", hint: "take a port above 1023")
        case EADDRNOTAVAIL: CommandFailure("\(start)this host does not have the address")
        default: CommandFailure(start + String(cString: strerror(error.errnoCode)))
        }
    }
}
