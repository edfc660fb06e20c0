import NIOCore
import NIOEmbedded
import Testing

@testable import WebhookServer

@Suite struct FairSchedulerTests {
    @Test("the first runs at once, the others one by one, in their order")
    func oneByOne() {
        let loop = EmbeddedEventLoop()
        let scheduler = FairScheduler(eventLoop: loop)
        var ran: [Int] = []
        for number in 0..<4 { scheduler.submit { ran.append(number) } }
        #expect(ran == [0])
        loop.advanceTime(by: .microseconds(250))
        #expect(ran == [0, 1])
        scheduler.submit { ran.append(4) }
        #expect(ran == [0, 1])
        loop.advanceTime(by: .milliseconds(2))
        #expect(ran == [0, 1, 2, 3, 4])
        scheduler.submit { ran.append(5) }
        #expect(ran.last == 5)
    }

    @Test("what becomes due while others run waits for its turn")
    func nested() {
        let loop = EmbeddedEventLoop()
        let scheduler = FairScheduler(eventLoop: loop)
        var ran: [String] = []
        scheduler.submit {
            scheduler.submit { ran.append("inner") }
            ran.append("outer")
        }
        #expect(ran == ["outer"])
        loop.advanceTime(by: .milliseconds(1))
        #expect(ran == ["outer", "inner"])
    }

    @Test("many wait no longer than few hundred scheduler")
    func many() {
        let loop = EmbeddedEventLoop()
        let scheduler = FairScheduler(eventLoop: loop)
        var ran = 0
        for _ in 0..<10_000 { scheduler.submit { ran += 1 } }
        loop.advanceTime(by: .microseconds(250))
        #expect((50...100).contains(ran))
        loop.advanceTime(by: .milliseconds(250))
        #expect(ran == 10_000)
    }
}
