import Testing

@testable import WebhookServer

@Suite struct AvailableCPUsTests {
    @Test(
        "event loops are what affinity and quota allow, at most four",
        arguments: [
            (1, nil, 1), (2, nil, 2), (64, nil, 4), (64, 0.5, 1), (64, 1.0, 1), (64, 1.5, 2), (2, 3.0, 2), (64, 100, 4),
            (64, 1e12, 4), (0, nil, 1),
        ] as [(Int, Double?, Int)])
    func loops(allowed: Int, quota: Double?, expected: Int) {
        #expect(AvailableCPUs.eventLoops(allowed: allowed, quota: quota) == expected)
    }

    @Test("the smallest quota on the way to the root counts")
    func quotas() {
        let files = [
            "/sys/fs/cgroup/a/b.service/cpu.max": "max 100000\n", "/sys/fs/cgroup/a/cpu.max": "150000 100000\n",
            "/sys/fs/cgroup/c/cpu.max": "50000 100000", "/sys/fs/cgroup/d/cpu.max": "nonsense",
            "/sys/fs/cgroup/cpu.max": "800000 100000\n",
        ]
        func quota(_ cgroup: String?) -> Double? { AvailableCPUs.quota(cgroup: cgroup) { files[$0] } }
        #expect(quota("0::/a/b.service\n") == 1.5)
        #expect(quota("0::/c\n") == 0.5)
        #expect(quota("0::/d\n") == 8)
        #expect(quota("0::/\n") == 8)
        #expect(quota("1:name=systemd:/c\n0::/a\n") == 1.5)
        #expect(quota("1:cpu:/c\n") == nil)
        #expect(quota(nil) == nil)
        #expect(AvailableCPUs.quota(cgroup: "0::/a") { _ in nil } == nil)
    }

    @Test(
        "affinity is a mask of CPUs",
        arguments: [
            ("Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n", 2), ("Cpus_allowed:\tff,ffffffff\n", 40),
            ("Cpus_allowed:\t8\n", 1), ("Cpus_allowed:\tzz\n", nil), ("Cpus_allowed:\n", nil), ("", nil),
        ] as [(String, Int?)])
    func affinity(status: String, expected: Int?) {
        #expect(AvailableCPUs.allowed(status: status) == expected)
    }

    @Test("this process may use at least one CPU")
    func real() {
        #expect((1...4).contains(AvailableCPUs.eventLoops))
    }
}
