package io.hypernetes.apiserver.http;

/// Serves one request on a virtual thread of its own; blocking is fine. A request that returns unanswered, or throws, gets
/// status 500 and its connection is closed.
@FunctionalInterface
public interface ExchangeHandler {

    void handle(Exchange exchange) throws Exception;
}
