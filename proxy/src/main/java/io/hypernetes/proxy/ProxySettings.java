package io.hypernetes.proxy;

import java.net.URI;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/// What a node's proxy must know.
///
/// @param node this node's name
/// @param serviceCidr addresses of services, in every tenant, as `10.96.0.0/12`
/// @param apiServiceAddress where pods find the API server, on port 443, as `10.96.0.1`
/// @param dnsAddress where pods find their name server, as `10.96.0.10`
/// @param domain as `cluster.local`
/// @param apiServer where the node finds it
/// @param tls shows it who the node is; asked at every connection
public record ProxySettings(
        String node, String serviceCidr, String apiServiceAddress, String dnsAddress, String domain, URI apiServer, Supplier<SSLContext> tls) {}
