import NIOCore
import NIOEmbedded
import Testing

@testable import DirectoryGroups

@Suite struct RequestGateTests {

    @Test("a limited number of requests runs at a time, in the order in which they came")
    func soManyAtATimeInTheOrderOfAsking() async throws {
        let loop = NIOAsyncTestingEventLoop()
        let gate = RequestGate(eventLoop: loop, width: 2)
        let works = (0..<4).map { _ in loop.makePromise(of: Int.self) }
        let started = NIOLoopBoundBox.makeBoxSendingValue([Int](), eventLoop: loop)
        let results = works.enumerated().map { index, work in
            gate.run(until: .now() + .hours(1)) {
                started.value.append(index)
                return work.futureResult
            }
        }
        await loop.run()
        #expect(try await loop.executeInContext { started.value } == [0, 1])
        works[1].succeed(1)
        await loop.run()
        #expect(try await loop.executeInContext { started.value } == [0, 1, 2])
        struct Failure: Error {}
        works[0].fail(Failure())
        await loop.run()
        #expect(try await loop.executeInContext { started.value } == [0, 1, 2, 3])
        works[2].succeed(2)
        works[3].succeed(3)
        await loop.run()
        await #expect(throws: Failure.self) { try await results[0].get() }
        #expect(try await results[3].get() == 3)
        await loop.shutdownGracefully()
    }

    @Test("a request whose time is over is not started")
    func whoseTimeIsOverIsNotStarted() async throws {
        let loop = NIOAsyncTestingEventLoop()
        let gate = RequestGate(eventLoop: loop, width: 1)
        let first = loop.makePromise(of: Int.self)
        let running = gate.run(until: .now() + .hours(1)) { first.futureResult }
        let late = gate.run(until: .now()) { () -> EventLoopFuture<Int> in
            Issue.record("started too late")
            return loop.makeSucceededFuture(0)
        }
        first.succeed(1)
        await loop.run()
        #expect(try await running.get() == 1)
        await #expect(throws: DirectoryError.deadline) { try await late.get() }
        await loop.shutdownGracefully()
    }
}
