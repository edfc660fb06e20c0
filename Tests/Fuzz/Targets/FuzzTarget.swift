import Glibc

/// Code under test with what must be true of it for every input.
protocol FuzzTarget: SendableMetatype {
    init() throws

    /// Feeds one input. What must hold is said with ``require(_:_:)``; an error that is thrown fails as well.
    func run(_ input: UnsafeRawBufferPointer) throws
}

/// Ends the process when something is not true, so that libFuzzer keeps the input.
func require(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { violation(what()) }
}

/// The value, or the end of the process where there is none.
func require<Value>(_ value: Value?, _ what: @autoclosure () -> String) -> Value {
    guard let value else { violation(what()) }
    return value
}

/// A line on standard error.
func say(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

func violation(_ what: String) -> Never {
    say("\n==fuzz== not true: \(what)")
    abort()
}
