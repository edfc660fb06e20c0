import Testing

@Suite struct WebhookServerPlaceholder {}
