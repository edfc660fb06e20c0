public import Timestamps

/// What enabling and disabling needs from the world: programs, the webhook, the API server, and time. Everything else
/// it does is files, so that it can be tried on a folder with answers that a test makes up.
public struct NodeEnvironment {
    /// How a program ended.
    public struct Ending {
        public var isSuccess: Bool
        public var output: String
        /// What it said, or why it did not run.
        public var message: String

        public init(isSuccess: Bool, output: String = "", message: String = "") {
            self.isSuccess = isSuccess
            self.output = output
            self.message = message
        }
    }

    public enum Method: Sendable { case get, post, patch, delete }

    /// What came back from a server.
    public enum Answer {
        case status(Int, [UInt8])
        /// No answer at all, and why.
        case none(String)
    }

    /// Empty, or the folder that holds the node's files.
    public var root = ""
    public var run: ([String]) -> Ending
    /// The API server of this node, with an admin's certificate.
    public var askAPIServer: (Method, _ path: String, _ body: [UInt8]) -> Answer
    /// The webhook, called with kube-apiserver's own file.
    public var askWebhook: (_ kubeconfig: String, _ body: [UInt8]) -> Answer
    /// Nil when the webhook says that it is ready; else why not.
    public var obstacleToReadiness: (_ host: String, _ port: Int) -> String?
    /// A user's and group's number by name.
    public var account: (String) -> (user: UInt32, group: UInt32)?
    public var pause: () -> Void
    /// Since the command began.
    public var elapsed: () -> Duration
    public var now: () -> Timestamp
    public var say: (String) -> Void

    public init(
        run: @escaping ([String]) -> Ending,
        askAPIServer: @escaping (Method, String, [UInt8]) -> Answer,
        askWebhook: @escaping (String, [UInt8]) -> Answer,
        obstacleToReadiness: @escaping (String, Int) -> String?,
        account: @escaping (String) -> (user: UInt32, group: UInt32)?,
        pause: @escaping () -> Void,
        elapsed: @escaping () -> Duration,
        now: @escaping () -> Timestamp,
        say: @escaping (String) -> Void
    ) {
        self.run = run
        self.askAPIServer = askAPIServer
        self.askWebhook = askWebhook
        self.obstacleToReadiness = obstacleToReadiness
        self.account = account
        self.pause = pause
        self.elapsed = elapsed
        self.now = now
        self.say = say
    }
}
