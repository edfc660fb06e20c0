import Files
import Terminal

extension KubeconfigSource {
    /// The bytes.
    ///
    /// - Throws: `CommandFailure` that names the field.
    public func bytes(_ field: String, of kubeconfig: String) throws -> [UInt8] {
        switch self {
        case .data(let bytes): return bytes
        case .damaged: throw CommandFailure("\(kubeconfig): \(field)-data is no base64")
        case .file(let path):
            do throws(FileError) {
                return try FileIO.read(path)
            } catch {
                throw CommandFailure("\(path): \(error.sentence)")
            }
        }
    }
}
