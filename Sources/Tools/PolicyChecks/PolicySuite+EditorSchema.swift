import Configuration
public import Jansson

extension PolicySuite {
    /// The JSON Schema for both kinds of files: a file with `tests` is a policy suite, every other one a configuration.
    public static var schemaWithConfiguration: JSON {
        let reference = { (name: String) in JSON.object([("$ref", .string("#/$defs/\(name)"))]) }
        return .object([
            ("$schema", .string(SectionForm.dialect)),
            ("title", .string("kube-entra configuration or policy suite")),
            ("type", .string("object")),
            ("if", .object([("required", JSON(["tests"]))])),
            ("then", reference("policySuite")),
            ("else", reference("webhookConfiguration")),
            (
                "$defs",
                .object([
                    ("webhookConfiguration", WebhookConfiguration.form.schema),
                    ("policySuite", PolicySuite.form.schema),
                ])
            ),
        ])
    }
}
