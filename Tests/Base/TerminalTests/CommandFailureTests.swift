import Terminal
import Testing

@Suite struct CommandFailureTests {
    @Test("the hint stands below the sentence, after an arrow")
    func message() {
        #expect(CommandFailure("ca.crt: no such file").lines == ["kube-entra: ca.crt: no such file"])
        #expect(
            CommandFailure("nothing here", hint: "pipe a token in").lines
                == ["kube-entra: nothing here", "→ pipe a token in"])
        var failure = CommandFailure("second", details: ["more of it"], hint: "do so")
        failure.earlier = CommandFailure("first").lines
        #expect(failure.lines == ["kube-entra: first", "kube-entra: second", "more of it", "→ do so"])
    }

    @Test("a failure means that the question could not be checked, unless it says otherwise")
    func status() {
        #expect(CommandFailure("x").status.rawValue == 2)
        #expect(CommandFailure("x", status: .no).status.rawValue == 1)
        #expect(CommandFailure("x", status: .usage).status.rawValue == 64)
    }
}
