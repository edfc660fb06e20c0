import Entra
import NIOCore
import Timestamps

/// What the passing of time can change about each watched principal, in a form that is quick to look through.
///
/// Every principal is visited several times a second. A visit that finds nothing reads one element of an array, and
/// copies and hashes nothing.
struct WatchVisits {
    struct Visit {
        let id: GUID
        /// The end of the principal's latest token.
        var until: Timestamp
        /// When the first wait ends; nil if it is over.
        var firstDeadline: NIODeadline?
        /// When silence begins unless there is an answer before.
        var silentFrom: NIODeadline
        var isSilent: Bool
        var oldestAnswer: WatchState.Age
        /// When an answer last differed from an earlier one.
        var changed: NIODeadline?

        /// Whether something has to be done about the principal.
        func isDue(at now: WatchState.Age) -> Bool {
            if until <= now.time { return true }
            if let firstDeadline { return firstDeadline <= now.instant }
            return isSilent != (silentFrom <= now.instant)
        }
    }

    private var all: [Visit] = []
    private var places: [GUID: Int] = [:]
    /// Number of principals that the current pass has not visited yet. They are the first ones, so that one that comes
    /// or goes during a pass moves no other past it.
    private var left = 0
    /// Number of principals that the current pass began with.
    private(set) var countToVisit = 0

    /// Whether no pass is unfinished.
    var isComplete: Bool { left == 0 }

    mutating func set(_ visit: Visit) {
        if let place = places[visit.id] {
            all[place] = visit
        } else {
            places[visit.id] = all.count
            all.append(visit)
        }
    }

    mutating func remove(_ id: GUID) {
        guard var place = places.removeValue(forKey: id) else { return }
        // Where the place is among those that are left, the last one of these fills it.
        if place < left {
            left -= 1
            move(left, to: place)
            place = left
        }
        move(all.count - 1, to: place)
        all.removeLast()
    }

    private mutating func move(_ from: Int, to place: Int) {
        guard from != place else { return }
        all[place] = all[from]
        places[all[place].id] = place
    }

    mutating func beginPass() {
        left = all.count
        countToVisit = left
    }

    /// Visits the next principals of the pass, and returns the due ones.
    mutating func pass(limit: Int, now: WatchState.Age, summary: inout WatchState.Summary) -> [GUID] {
        var due: [GUID] = []
        let end = max(0, left - min(limit, left))
        for place in (end..<left).reversed() {
            summary.add(all[place], now: now)
            if all[place].isDue(at: now) { due.append(all[place].id) }
        }
        left = end
        return due
    }
}

extension WatchState.Summary {
    fileprivate mutating func add(_ visit: WatchVisits.Visit, now: WatchState.Age) {
        if oldestAnswer.map({ visit.oldestAnswer.instant < $0.instant }) ?? true { oldestAnswer = visit.oldestAnswer }
        if let changed = visit.changed, now.instant - changed < .hours(1) { changedCount += 1 }
    }
}
