import Testing

@testable import OpenSSL

@Suite("Memory that idle connections have freed")
struct FreedMemoryTests {
    @Test("Much is given back once, a second after the last was freed")
    func much() {
        let freed = FreedMemory()
        freed.add(FreedMemory.worthwhile)
        #expect(!freed.hasSettled())
        freed.add(1)
        #expect(!freed.hasSettled())
        #expect(freed.hasSettled())
        #expect(!freed.hasSettled())
        #expect(!freed.hasSettled())
    }

    @Test("Little is kept, and counts with what follows")
    func little() {
        let freed = FreedMemory()
        freed.add(FreedMemory.worthwhile - 1)
        #expect(!freed.hasSettled())
        #expect(!freed.hasSettled())
        freed.add(1)
        #expect(!freed.hasSettled())
        #expect(freed.hasSettled())
    }
}
