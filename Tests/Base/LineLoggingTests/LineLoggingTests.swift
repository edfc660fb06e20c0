import Glibc
import Jansson
import LineLogging
import Logging
import TestSupport
import Testing

@Suite struct LineLoggingTests {
    private func logger(_ format: LogFormat, _ writer: LineWriter) -> Logger {
        Logger(label: "t") {
            LineLogHandler(
                label: $0, settings: LogSettings(level: .info, format: format), writer: writer)
        }
    }

    @Test("no value can forge a part of a text line")
    func writesTextThatNothingCanForge() {
        let sink = MemorySink()
        let writer = LineWriter(sink: sink)
        logger(.text, writer).info(
            "message", metadata: ["b": "two words", "a": "x\ny", "c": "", "d": "plain", "e": "q\"q"])
        writer.flush()
        let line = sink.lines.first ?? ""
        #expect(line.hasSuffix(" info message a=\"x\\u000ay\" b=\"two words\" c=\"\" d=plain e=\"q\\\"q\"\n"))
        #expect(line.utf8.count { $0 == 0x0A } == 1)
    }

    @Test("a JSON line is valid JSON")
    func writesJSONThatParses() throws {
        let sink = MemorySink()
        let writer = LineWriter(sink: sink)
        logger(.json, writer).warning("me\"ss", metadata: ["a": "x\ny\u{1}\\", "é": "ü"])
        writer.flush()
        let line = sink.lines.first ?? ""
        let root = try JSONDocument(parsing: Array(line.utf8)).root
        #expect(root["level"]?.string == "warning")
        #expect(root["message"]?.string == "me\"ss")
        #expect(root["a"]?.string == "x\ny\u{1}\\")
        #expect(root[named: "é"]?.string == "ü")
        #expect(root["time"]?.string?.utf8.count == 24)
    }

    @Test(
        "numbers and Booleans are written as such",
        arguments: [
            ("admin", "true", "true"), ("admin", "false", "false"), ("emergencyAccess", "true", "true"),
            ("durationMicroseconds", "133", "133"), ("durationMicroseconds", "0", "0"), ("leftOut", "9990", "9990"),
            // Fields that are never literals, or values that are not JSON literals.
            ("keyID", "133", #""133""#), ("tokenSHA256", "012345678901", #""012345678901""#),
            ("emergencyReason", "true", #""true""#), ("admin", "1", #""1""#), ("admin", "yes", #""yes""#),
            ("durationMicroseconds", "007", #""007""#), ("durationMicroseconds", "-1", #""-1""#),
            ("durationMicroseconds", "true", #""true""#), ("durationMicroseconds", "", #""""#),
            ("durationMicroseconds", "1234567890123456", #""1234567890123456""#),
        ])
    func writesNumbersAndBooleansAsSuch(_ name: String, _ value: String, _ json: String) throws {
        let line = LogLine(time: "t", fields: [(name, value)]).json
        #expect(String(decoding: line, as: UTF8.self) == "{\"time\":\"t\",\"\(name)\":\(json)}\n")
        _ = try JSONDocument(parsing: line)
    }

    @Test("lists are written behind the other fields")
    func writesListsBehindTheFields() throws {
        var line = LogLine(time: "t", fields: [("a", "b")])
        line.lists = [("groups", ["x\"y", "z"]), ("none", [])]
        #expect(
            String(decoding: line.json, as: UTF8.self)
                == #"{"time":"t","a":"b","groups":["x\"y","z"],"none":[]}"# + "\n")
        #expect(String(decoding: line.text, as: UTF8.self).hasSuffix(#"a=b groups="x\"y,z" none="""# + "\n"))
    }

    @Test(
        "a line for the journal begins with its priority", arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2]))
    func beginsJournalLinesWithTheirPriority(_ level: Logger.Level, _ priority: Int) {
        let line = LogLine(time: "t", level: level.rawValue, message: "m", fields: [("a", "b")]).forJournal
        #expect(String(decoding: line.text, as: UTF8.self) == "<\(priority)>\(level) m a=b\n")
        #expect(
            String(decoding: line.json, as: UTF8.self)
                == "<\(priority)>{\"level\":\"\(level)\",\"message\":\"m\",\"a\":\"b\"}\n")
    }

    @Test("the journal is recognized by device and inode")
    func knowsTheJournalByDeviceAndInode() {
        var status = stat()
        #expect(fstat(STDERR_FILENO, &status) == 0)
        let own = "\(status.st_dev):\(status.st_ino)"
        #expect(JournalStream.isRead(from: STDERR_FILENO, stream: own))
        #expect(!JournalStream.isRead(from: -1, stream: own))
        for other in [nil, "", ":", own + ":", own + "0", "\(status.st_dev)", "a:b", "-1:-1"] {
            #expect(!JournalStream.isRead(from: STDERR_FILENO, stream: other))
        }
    }

    @Test("a message below the level is not written")
    func staysSilentBelowItsLevel() {
        let sink = MemorySink()
        let writer = LineWriter(sink: sink)
        logger(.text, writer).debug("nothing")
        writer.flush()
        #expect(sink.lines.isEmpty)
    }

    @Test("whole lines are appended, and the file is opened again on demand")
    func appendsWholeLinesAndReopens() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let directory = folder.path
        let writer = try #require(LineWriter(appendingTo: "\(directory)/audit"))
        writer.write(Array("one\n".utf8))
        writer.flush()
        rename("\(directory)/audit", "\(directory)/audit.1")
        writer.write(Array("two\n".utf8))
        writer.flush()
        writer.reopen()
        writer.flush()
        writer.write(Array("three\n".utf8))
        writer.flush()
        #expect(contents("\(directory)/audit.1") == "one\ntwo\n")
        #expect(contents("\(directory)/audit") == "three\n")
        #expect(LineWriter(appendingTo: "\(directory)/none/audit") == nil)
    }

    @Test("a removed file is made anew")
    func makesARemovedFileAnew() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let directory = folder.path
        let path = "\(directory)/audit"
        let writer = try #require(LineWriter(appendingTo: path))
        writer.write(Array("one\n".utf8))
        writer.flush()
        unlink(path)
        writer.replaceIfRemoved()
        writer.flush()
        #expect(access(path, F_OK) == 0)
        unlink(path)
        writer.write(Array("two\n".utf8))
        writer.flush()
        #expect(contents(path) == "two\n")
        // Without its folder, a line is lost and counted.
        unlink(path)
        rmdir(directory)
        writer.write(Array("three\n".utf8))
        writer.flush()
        #expect(writer.takeLosses().writeFailed == 1)
        mkdir(directory, 0o700)
        writer.write(Array("four\n".utf8))
        writer.flush()
        #expect(contents(path) == "four\n")
    }

    @Test("a full disk loses whole lines, never halves")
    func losesLinesInsteadOfHalvesOnAFullDisk() throws {
        let writer = try #require(LineWriter(appendingTo: "/dev/full"))
        writer.write(Array("line\n".utf8))
        writer.flush()
        let losses = writer.takeLosses()
        #expect(losses.queueFull == 0)
        #expect(losses.writeFailed == 1)
    }

    private func contents(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
