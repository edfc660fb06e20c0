import Glibc

/// Standard input, output and error.
public enum StandardStreams {
    /// Opens `/dev/null` in place of a standard stream that the caller closed. Otherwise the next file that is opened
    /// would get its number, and the program's output.
    public static func openIfClosed() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
            // The lowest free number is this one.
            _ = open("/dev/null", O_RDWR)
        }
    }
}
