import Prometheus

extension ExpositionFormat {
    /// The format that a scraper's `Accept` header asks for.
    init(accept: String?) {
        let offers = [
            AcceptHeader.Offer(mediaType: "text/plain", version: "0.0.4"),
            AcceptHeader.Offer(mediaType: "application/openmetrics-text", version: "1.0.0"),
        ]
        self = AcceptHeader(accept).best(of: offers) == 1 ? .openMetrics : .prometheus
    }
}
