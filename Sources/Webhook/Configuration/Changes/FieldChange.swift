/// What a change of one field means for people. It is called only if the values differ.
struct FieldChange<Value: Sendable>: Sendable {
    let say: @Sendable (_ name: String, _ old: Value, _ new: Value, inout ChangeCollector, ChangeContext) -> Void

    init(
        _ say:
            @escaping @Sendable (
                _ name: String, _ old: Value, _ new: Value, inout ChangeCollector, ChangeContext
            ) -> Void
    ) {
        self.say = say
    }

    /// The two values, for fields that do not affect access.
    static func values(_ write: @escaping @Sendable (Value) -> ConfigValue) -> Self {
        FieldChange { name, old, new, collector, context in
            collector.values(
                name, context.words(write(old), in: context.old), context.words(write(new), in: context.new))
        }
    }

    /// For a field whose changes another field reports.
    static var silent: Self { FieldChange { _, _, _, _, _ in } }

    /// A sentence without the values, which may be secret.
    static func secret(_ message: String) -> Self {
        FieldChange { name, _, _, collector, _ in collector.add(name, .changes, message) }
    }

    /// A sentence about the two values.
    static func sentence(
        _ effect: @escaping @Sendable (_ old: Value, _ new: Value) -> ConfigurationChange.Effect = { _, _ in .changes },
        _ message: @escaping @Sendable (_ old: Value, _ new: Value) -> String,
        words: @escaping @Sendable (Value) -> String?
    ) -> Self {
        FieldChange { name, old, new, collector, _ in
            collector.add(name, effect(old, new), message(old, new), before: words(old), after: words(new))
        }
    }
}

extension FieldChange where Value: RawRepresentable, Value.RawValue == String {
    /// A sentence about two choices.
    static func choice(
        _ effect: @escaping @Sendable (_ old: Value, _ new: Value) -> ConfigurationChange.Effect = { _, _ in .changes },
        _ message: @escaping @Sendable (_ old: Value, _ new: Value) -> String
    ) -> Self {
        sentence(effect, message) { $0.rawValue }
    }
}

extension FieldChange where Value: Comparable {
    /// A larger value gives more access.
    static func more(
        _ message: @escaping @Sendable (_ old: Value, _ new: Value) -> String,
        words: @escaping @Sendable (Value) -> String
    ) -> Self {
        sentence({ $0 < $1 ? .gains : .loses }, message, words: words)
    }
}

extension FieldChange where Value == String {
    /// A prefix of names.
    static func prefix(_ subject: String) -> Self {
        sentence { old, new in
            "\(subject) begin with \"\(new)\" instead of \"\(old)\", so bindings to them no longer match"
        } words: {
            "\"\($0)\""
        }
    }
}
