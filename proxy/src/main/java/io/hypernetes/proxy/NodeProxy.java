package io.hypernetes.proxy;

import io.hypernetes.client.Client;
import io.hypernetes.network.Gateway;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Services, names and the door to the API server for every tenant that has pods on this node. Safe for use by many threads. After closing,
/// gateways go on leading connections as they were last told; names and the door need this process.
public final class NodeProxy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeProxy.class);
    private static final Duration NAMES_WAIT = Duration.ofSeconds(3), VARIABLES_WAIT = Duration.ofSeconds(10);

    private final ProxySettings settings;
    private final Client client;
    private final RandomGenerator random;
    private final OwnZone here;
    private final Map<String, TenantProxy> tenants = new ConcurrentHashMap<>();
    private final Set<String> failed = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /// @param client speaks as the node
    public NodeProxy(ProxySettings settings, Client client, RandomGenerator random) {
        this.settings = settings;
        this.client = client;
        this.random = random;
        this.here = new OwnZone(client, settings.node(), () -> tenants.values().forEach(TenantProxy::moved));
    }

    /// To be told of the gateways.
    public Gateway.Follower follower() {
        return new Gateway.Follower(
                this::opened,
                gateway -> Optional.ofNullable(tenants.get(gateway.tenant())).ifPresent(TenantProxy::left),
                gateway -> Optional.ofNullable(tenants.get(gateway.tenant())).ifPresent(TenantProxy::reused),
                this::closed);
    }

    private void opened(Gateway gateway) {
        if (closed) {
            return;
        }
        try {
            TenantProxy proxy = new TenantProxy(settings, client, here, gateway, NAMES_WAIT, random);
            // Known before it looks where this node is, so that it hears when that changes.
            TenantProxy before = tenants.put(gateway.tenant(), proxy);
            proxy.start();
            failed.remove(gateway.tenant());
            if (before != null) {
                before.close();
            }
        } catch (IOException refused) {
            // Pods without services are better than none.
            failed.add(gateway.tenant());
            LOG.error("event=proxy-not-opened tenant={} address={} error=\"{}\" effect=\"its pods on this node have no services and no names\"",
                    gateway.tenant(), gateway.address(), refused.getMessage());
        }
    }

    private void closed(Gateway gateway) {
        TenantProxy proxy = tenants.remove(gateway.tenant());
        if (proxy != null) {
            proxy.close();
        }
    }

    /// The variables that tell a container where services are.
    ///
    /// @param links whether the services of its namespace are wanted beside the API server
    /// @return empty when the tenant's services are not known in time
    public Optional<Map<String, String>> variables(String tenant, String namespace, boolean links) {
        Map<String, String> variables = new LinkedHashMap<>();
        if (links && !failed.contains(tenant)) {
            TenantProxy proxy = tenants.get(tenant);
            Optional<ServiceView> view = proxy == null ? Optional.empty() : proxy.await(VARIABLES_WAIT);
            if (view.isEmpty()) {
                return Optional.empty();
            }
            variables.putAll(ServiceVariables.of(view.get(), namespace));
        }
        variables.putAll(ServiceVariables.ofApiServer(settings.apiServiceAddress()));
        return Optional.of(variables);
    }

    @Override
    public void close() {
        closed = true;
        tenants.values().forEach(TenantProxy::close);
        tenants.clear();
        here.close();
    }
}
