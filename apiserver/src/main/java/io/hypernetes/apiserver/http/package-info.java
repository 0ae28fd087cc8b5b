/// The HTTPS edge: connections, TLS, HTTP/1.1 and HTTP/2, bounded requests, one virtual thread a request. And the way in for parts of the
/// same process, [io.hypernetes.apiserver.http.LocalCalls].
///
/// The only package that knows Netty. It hands an [io.hypernetes.apiserver.http.Exchange] to a blocking handler and
/// knows nothing of Kubernetes, tenants or the store.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.http;
