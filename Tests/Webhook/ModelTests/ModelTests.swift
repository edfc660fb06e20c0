import TestSupport
import Testing

/// Random sequences of everything that can happen, each decision compared with a model that shares no code.
@Suite struct ModelTests {
    typealias Model = ReferenceModel

    /// Both worlds, and what was done to them.
    private struct Run {
        var random: SplitMix
        var model: Model
        let real: RunningEngine
        var history: [String] = []
        var tokens: [(Model.Token, String)] = []
        var reviews = 0

        init(seed: UInt64) {
            random = SplitMix(seed: seed)
            model = Model(wall: 1_800_000_000)
            real = RunningEngine(wall: 1_800_000_000)
            model.start()
            real.start()
        }

        mutating func step() throws {
            let name: Model.TenantName = Bool.random(using: &random) ? .a : .b
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<60: try review()
            case 60..<74: pass(Int.random(in: 1...3, using: &random))
            case 74..<78: pass(Int.random(in: 10...130, using: &random))
            case 78..<80: setClock(by: Int.random(in: -300...300, using: &random))
            case 80..<86: publish(name)
            case 86..<94: setAuthority(name)
            case 94..<97: apply(settings())
            default: replaceStore()
            }
        }

        private mutating func review() throws {
            let token = try token()
            history.append("review \(reviews): \(token.0)")
            model.review(reviews, token.0)
            real.review(reviews, token.1)
            reviews += 1
        }

        /// One that was sent before, half of the time, so that caches are used.
        private mutating func token() throws -> (Model.Token, String) {
            if Bool.random(using: &random), let known = tokens.randomElement(using: &random) { return known }
            let keyID = Int.random(in: 0...3, using: &random)
            let isForged = Int.random(in: 0..<12, using: &random) == 0
            let start = model.wall + [-200, -100, 5, 70].randomElement(using: &random, or: 0)
            let issuer = [.a, .a, .a, .b, .b, nil].randomElement(using: &random, or: Model.TenantName.a)
            let token = Model.Token(
                issuer: issuer,
                keyID: keyID,
                signedBy: isForged ? (keyID + 1) % 4 : keyID,
                audience: [0, 0, 0, 0, 1, 2].randomElement(using: &random, or: 0),
                notBefore: start,
                expires: start + [150, 300, 3600].randomElement(using: &random, or: 300),
                groups: (0..<3).filter { _ in Bool.random(using: &random) },
                isEmergencyUser: Int.random(in: 0..<4, using: &random) == 0)
            let made = (token, try ModelTokens.token(token))
            tokens.append(made)
            if tokens.count > 24 { tokens.removeFirst() }
            return made
        }

        mutating func pass(_ seconds: Int) {
            history.append("\(seconds) s pass")
            for _ in 0..<seconds {
                model.passSecond()
                real.passSecond()
            }
        }

        private mutating func setClock(by seconds: Int) {
            history.append("the clock is set by \(seconds) s")
            model.wall += seconds
            real.setClock(model.wall)
        }

        private mutating func publish(_ name: Model.TenantName) {
            var keys = Set((0..<4).filter { _ in Bool.random(using: &random) })
            if keys.isEmpty { keys = [2] }
            history.append("\(name) publishes \(keys.sorted())")
            model.tenants[name]?.published = keys
            real.publish(name, keys)
        }

        private mutating func setAuthority(_ name: Model.TenantName) {
            let authority = [.serving, .serving, .failing, .hanging].randomElement(
                using: &random, or: Model.Authority.serving)
            history.append("\(name) is \(authority)")
            if authority == .hanging {
                model.tenants[name]?.authority = .hanging
            } else {
                model.release(name, to: authority)
            }
            real.set(name, to: authority)
        }

        private mutating func settings() -> Model.Settings {
            Model.Settings(
                acceptsSecondAudience: Bool.random(using: &random),
                adminGroup: Int.random(in: 0...2, using: &random),
                clockSkew: [0, 10, 60].randomElement(using: &random, or: 60),
                emergencyUntil: Bool.random(using: &random) ? model.wall + Int.random(in: 1...60, using: &random) : nil)
        }

        private mutating func apply(_ settings: Model.Settings) {
            history.append("reload: \(settings)")
            model.settings = settings
            real.apply(settings)
        }

        private mutating func replaceStore() {
            let settings = settings()
            let isReversed = Bool.random(using: &random)
            history.append("reload with a new key store\(isReversed ? ", tenants reversed" : ""): \(settings)")
            model.replaceStore(settings)
            real.replaceStore(settings, reversed: isReversed)
        }
    }

    @Test(
        "review, rotation, reload, outage and clock in random order give what the model gives",
        arguments: [0, 1, 2, 3, 4, 5, 26])
    func agree(seed: UInt64) throws {
        var run = Run(seed: seed)
        defer { run.real.end() }
        for number in 0..<1000 {
            try run.step()
            // One that has only one of the two answers may still wait for its turn; two answers stay different.
            let isDifferent = run.real.answers.contains { id, answer in
                run.model.answers[id].map { $0 != answer } ?? false
            }
            if number % 50 == 0, isDifferent { break }
        }
        // What still waits has its deadline.
        run.pass(Model.Timing.reviewDeadline)
        let (real, model) = (run.real.answers, run.model.answers)
        let different = (0..<run.reviews).first { real[$0] != model[$0] }
        if let different {
            Issue.record(
                """
                seed \(seed), review \(different): \(real[different] ?? "no answer"), \
                expected \(model[different] ?? "no answer"), after
                \(run.history.suffix(60).joined(separator: "\n"))
                """)
        }
        // A run in which nothing happens would prove nothing.
        #expect(run.reviews > 400)
        #expect(Set(model.values.map { $0.prefix { $0 != ":" } }).count >= 8)
    }
}

extension Array {
    fileprivate func randomElement(using random: inout some RandomNumberGenerator, or fallback: Element) -> Element {
        randomElement(using: &random) ?? fallback
    }
}
