import Glibc

/// Standard input, output and error.
public enum StandardStreams {
    /// Opens `/dev/null` for each standard stream that was closed when the program started. Otherwise the next file
    /// that the program opens would get the stream's number, and the program would write its output into that file.
    public static func openIfClosed() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
            // The lowest free number is this one.
            _ = open("/dev/null", O_RDWR)
        }
    }
}
