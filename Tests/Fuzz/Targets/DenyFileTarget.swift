import AccessPolicy
import Configuration
import Jansson

/// The bytes of a deny file: either every entry is in force, or the file is refused as a whole.
struct DenyFileTarget: FuzzTarget {
    init() throws {}

    func run(_ input: UnsafeRawBufferPointer) throws {
        do throws(DenyFileError) {
            let entries = try DenyFile.parse(Array(input))
            let listed = parsedJSON(Array(input))?.root["denied"]?.array
            require(listed?.count == entries.count, "no entry is passed over")
            let written = DenyFile.render(entries)
            do throws(DenyFileError) {
                require(try DenyFile.parse(written) == entries, "what is written is what was read")
            } catch { violation("what is written can be read: \(error.sentence)") }
            require(entries.allSatisfy { DenyFile.isUsable(reason: $0.reason) }, "a reason is fit for a log")
        } catch {
            require(!error.sentence.isEmpty, "a refusal has a sentence")
        }
    }
}
