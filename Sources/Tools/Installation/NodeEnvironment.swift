public import Timestamps

/// What `enable` and `disable` need besides files: programs, the webhook, the API server, and time. Tests replace it
/// and use a folder as the node.
public struct NodeEnvironment {
    /// The result of a program.
    public struct Ending {
        /// Whether it ran and ended with status 0.
        public var isSuccess: Bool
        /// Its standard output.
        public var output: String
        /// Its standard error, or why it did not run.
        public var message: String

        public init(isSuccess: Bool, output: String = "", message: String = "") {
            self.isSuccess = isSuccess
            self.output = output
            self.message = message
        }
    }

    /// The methods of requests to the API server.
    public enum Method: Sendable { case get, post, patch, delete }

    /// Which API server may answer a request.
    public enum Scope: Sendable {
        /// Only this node's own.
        case node
        /// Any of the cluster: the request is about its objects.
        case cluster
    }

    /// The answer of a server.
    public enum Answer {
        case status(Int, [UInt8])
        /// There was no answer; the text says why.
        case none(String)
    }

    /// Empty, or a folder with the node's files.
    public var root = ""
    /// Runs a program with its arguments and waits for it.
    public var run: ([String]) -> Ending
    /// Sends a request to an API server with an admin's credentials.
    public var askAPIServer: (Scope, Method, _ path: String, _ body: [UInt8]) -> Answer
    /// The address at which a scope is asked, if another node's API server may answer there; else nil.
    public var detour: (Scope) -> String?
    /// Calls the webhook with kube-apiserver's own kubeconfig.
    public var askWebhook: (_ kubeconfig: String, _ body: [UInt8]) -> Answer
    /// Nil if the webhook reports that it is ready; otherwise why it is not.
    public var obstacleToReadiness: (_ host: String, _ port: Int) -> String?
    /// Whether a program on this host listens at a host and port.
    public var isTaken: (_ host: String, _ port: Int) -> Bool
    /// Numeric user and group IDs of an account; nil if it does not exist.
    public var account: (String) -> (user: UInt32, group: UInt32)?
    /// The name of this host.
    public var hostName: () -> String
    /// The signals that asked the run to end so far.
    public var interruptions: () -> Set<Int32>
    /// Waits a moment between two checks.
    public var pause: () -> Void
    /// Time since the command began.
    public var elapsed: () -> Duration
    /// The time of day.
    public var now: () -> Timestamp
    /// Prints one line of the report.
    public var say: (String) -> Void

    public init(
        run: @escaping ([String]) -> Ending,
        askAPIServer: @escaping (Scope, Method, String, [UInt8]) -> Answer,
        detour: @escaping (Scope) -> String?,
        askWebhook: @escaping (String, [UInt8]) -> Answer,
        obstacleToReadiness: @escaping (String, Int) -> String?,
        isTaken: @escaping (String, Int) -> Bool,
        account: @escaping (String) -> (user: UInt32, group: UInt32)?,
        hostName: @escaping () -> String,
        interruptions: @escaping () -> Set<Int32>,
        pause: @escaping () -> Void,
        elapsed: @escaping () -> Duration,
        now: @escaping () -> Timestamp,
        say: @escaping (String) -> Void
    ) {
        self.run = run
        self.askAPIServer = askAPIServer
        self.detour = detour
        self.askWebhook = askWebhook
        self.obstacleToReadiness = obstacleToReadiness
        self.isTaken = isTaken
        self.account = account
        self.hostName = hostName
        self.interruptions = interruptions
        self.pause = pause
        self.elapsed = elapsed
        self.now = now
        self.say = say
    }
}
