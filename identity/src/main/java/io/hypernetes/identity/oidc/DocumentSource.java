package io.hypernetes.identity.oidc;

import java.io.IOException;
import java.net.URI;

/// Fetches documents of issuers. Implementations are safe for use by many threads and bound a call in size and time.
public interface DocumentSource {
    /// The body of a 200.
    ///
    /// @param tenant whose word the address is; empty when it is the operator's
    /// @param trust PEM of the authorities that the server's certificate may come from; empty for the usual ones
    /// @throws IOException when there is no such answer in time; the message says why
    byte[] get(String tenant, URI address, String trust) throws IOException;
}
