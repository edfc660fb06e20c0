internal import Addresses
internal import ArgumentParser
internal import Certificates
internal import Files
internal import Glibc
internal import Kubeconfigs
internal import OpenSSL
internal import SafeText
internal import Terminal

/// `kube-entra kubeconfig`: kubeconfigs for kube-apiserver and for people.
struct KubeconfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubeconfig",
        abstract: "Writes kubeconfigs: for kube-apiserver to call the webhook, and for people to sign in.",
        subcommands: [Webhook.self, Authorization.self, User.self])

    /// The destination of the file.
    struct Destination: ParsableArguments {
        @Option(
            name: .long, help: ArgumentHelp("Where to write; standard output without it.", valueName: "file"),
            completion: .file())
        var out: String?

        @Flag(name: .long, help: "Overwrite a file that is there.")
        var force = false

        func write(_ text: String) throws {
            guard let out else {
                Console.write(Array(text.utf8))
                return
            }
            do throws(FileError) {
                try FileIO.write(Array(text.utf8), to: out, mode: 0o600, replacing: force)
            } catch {
                throw CommandFailure("\(out): \(error.sentence)\(error == .exists ? "; --force replaces it" : "")")
            }
            Console.note("wrote \(out)")
        }

        /// Adds the context of a kubeconfig to an existing file, or writes a new one.
        func merge(_ text: String) throws {
            // A link is followed: its target is replaced, not the link.
            guard let out, let target = realpath(out, nil) else { return try write(text) }
            defer { free(target) }
            let path = String(cString: target)
            let merged: [UInt8]
            do {
                let old = try FileIO.read(path, maximumBytes: 4 << 20)
                merged = try KubeconfigMerge.merge(Array(text.utf8), into: old, replacing: force)
                var status = stat()
                let mode = stat(path, &status) == 0 ? status.st_mode & 0o777 : 0o600
                try FileIO.write(merged, to: path, mode: mode)
            } catch let error as KubeconfigMergeError {
                let isTaken = if case .nameTaken = error { true } else { false }
                throw CommandFailure("\(out): \(error.sentence)\(isTaken ? "; --force replaces it" : "")")
            } catch let error as FileError {
                throw CommandFailure("\(out): \(error.sentence)")
            }
            Console.note("added the context to \(out)")
        }
    }
}

/// Values of a kubeconfig. Every value is quoted, so that none is read as a number, a date or another field.
enum KubeconfigText {
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Whether a value contains only visible characters.
    static func isPrintable(_ text: String) -> Bool {
        PrintableText.isVisible(text)
    }

    /// `https://host[:port][/path]`, without user, query or fragment: kube-apiserver drops those.
    static func isHTTPS(_ text: String) -> Bool {
        guard text.hasPrefix("https://") else { return false }
        let rest = text.dropFirst(8)
        let authority = rest.prefix { $0 != "/" }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }),
            !authority.contains("@"), !authority.isEmpty
        else { return false }
        let host: Substring
        let port: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return false }
            host = authority[authority.index(after: authority.startIndex)..<end]
            port = authority[authority.index(after: end)...]
            guard host.contains(":"), IPAddress(String(host)) != nil else { return false }
        } else {
            host = authority.prefix { $0 != ":" }
            port = authority.dropFirst(host.count)
            guard CertificateHost(String(host)) != nil else { return false }
        }
        guard !port.isEmpty else { return true }
        return port.first == ":" && UInt16(port.dropFirst()).map { $0 > 0 } ?? false
    }

    /// The URL's host, without brackets.
    static func host(of address: String) -> String {
        let authority = address.dropFirst(8).prefix { $0 != "/" }
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    /// An absolute path.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        let relative = path.hasPrefix("./") ? path.dropFirst(2) : Substring(path)
        let base = String(cString: folder)
        return base.hasSuffix("/") ? base + relative : base + "/" + relative
    }
}
