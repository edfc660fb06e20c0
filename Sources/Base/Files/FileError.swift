import Glibc

/// Why a file cannot be read or written. The caller names the path.
public enum FileError: Error, Hashable, Sendable {
    case missing
    case notAllowed
    case partIsNoFolder
    case linkLoop
    case isFolder
    case tooLarge(maximumBytes: Int)
    case exists
    case notReadable
    case notWritable
    /// The disk, or what this user may use of it, is full.
    case diskFull
    case folderMissing
    case folderNotWritable
    /// The folder is there, and the system makes no file in it, as in `/proc`.
    case folderTakesNoFiles
    /// A device, pipe or socket.
    case notRegular
    case locked
    /// The file grants access, and its owner is neither root nor this process's user.
    case foreignOwner(userID: UInt32)
    /// The path is a symbolic link that a user other than root and this process's user has put there, or could put
    /// there.
    case foreignLink(userID: UInt32)
    /// The file belongs to another user, and this process cannot replace it by a file that keeps this owner.
    case ownerNotKept(userID: UInt32)
    /// The file grants access, and every user can write it.
    case writableByAll
    /// The file grants access, and its group can write it.
    case writableByGroup

    /// What is wrong, for people, without the path.
    public var sentence: String {
        switch self {
        case .missing: "there is no such file"
        case .notAllowed: "this user may not open the file"
        case .partIsNoFolder: "a part of the path is no folder"
        case .linkLoop: "the path is a symbolic link to itself"
        case .isFolder: "this is a folder, not a file"
        case .tooLarge(1 << 20): "the file is larger than 1 MiB"
        case .tooLarge(let maximum): "the file is larger than \(maximum) bytes"
        case .exists: "the file is there already"
        case .notReadable: "the file cannot be read"
        case .notWritable: "the file cannot be written"
        case .diskFull: "the file cannot be written: No space left on device"
        case .folderMissing: "the folder that it would be in is not there"
        case .folderNotWritable: "this user may not write into the folder"
        case .folderTakesNoFiles: "the system makes no file in that folder"
        case .notRegular: "this is a device, a pipe or a socket, not a file"
        case .foreignOwner(let userID):
            "the file belongs to user \(userID), and to be trusted it must belong to root or to the user that reads it"
        case .foreignLink(let userID):
            "the path is a symbolic link, and user \(userID), to whom it or its folder belongs, could make any file of it; "
                + "name the file itself, or keep it in a folder of root, such as /etc/kube-entra"
        case .ownerNotKept(let userID):
            "the file belongs to user \(userID), and only root or that user can write one that stays theirs"
        case .writableByAll: "every user may change the file, so it is not trusted; chmod go-w it"
        case .writableByGroup: "its group may change the file, so it is not trusted; chmod go-w it"
        case .locked: "another program holds the lock"
        }
    }

    /// Why a new file cannot be created, from an errno value.
    public init(making path: String, _ code: Int32) {
        var status = stat()
        self =
            switch code {
            // In /proc, which is there.
            case ENOENT where stat(FileIO.folder(of: path) + ".", &status) == 0: .folderTakesNoFiles
            case EPERM where geteuid() == 0: .folderTakesNoFiles
            case EACCES where geteuid() == 0: .folderTakesNoFiles
            case EACCES, EPERM, EROFS: .folderNotWritable
            default: FileError(opening: code, missing: .folderMissing, standard: .notWritable)
            }
    }

    /// Why a file cannot be opened for reading, from an errno value.
    public init(_ code: Int32) {
        self.init(opening: code, missing: .missing, standard: .notReadable)
    }

    /// Why a file that was created cannot be written, from an errno value.
    init(writing code: Int32) {
        self = code == ENOSPC || code == EDQUOT ? .diskFull : .notWritable
    }

    init(opening code: Int32, missing: FileError, standard: FileError) {
        self =
            switch code {
            case ENOENT: missing
            case EACCES, EPERM: .notAllowed
            case EEXIST: .exists
            case ENOTDIR: .partIsNoFolder
            case EISDIR: .isFolder
            case ELOOP: .linkLoop
            case ENOSPC, EDQUOT: .diskFull
            default: standard
            }
    }
}
