import Testing

@Suite struct TokenReviewAPIPlaceholder {}
