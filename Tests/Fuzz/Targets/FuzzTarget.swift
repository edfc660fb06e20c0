import Glibc

/// Code under test, with the conditions that must hold for every input.
protocol FuzzTarget: SendableMetatype {
    init() throws

    /// Runs one input. Conditions are checked with ``require(_:_:)``; a thrown error fails too.
    func run(_ input: UnsafeRawBufferPointer) throws
}

/// Ends the process if a condition does not hold, so that libFuzzer keeps the input.
func require(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { violation(what()) }
}

/// The value; ends the process if there is none.
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
