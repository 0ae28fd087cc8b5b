package io.hypernetes.proxy;

import io.hypernetes.network.FairRoom;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.PortMapping.Protocol;
import io.hypernetes.network.ServiceTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells load balancers, at the `healthCheckNodePort` of each service that has one, whether this node has an endpoint for those who come from outside (upstream's
/// pkg/proxy/healthcheck/service_health.go). Each service has a listener at the gateway's own address, to which its gateway leads what comes to that port: so it is
/// reached wherever node ports are, and takes no port of the host from anybody. Safe for use by many threads.
final class HealthChecks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HealthChecks.class);
    /// A tenant can have as many services as there are node ports; what is open on a node is everybody's.
    static final int MOST_SERVICES = 256;
    /// Of all tenants on this node.
    private static final FairRoom LISTENERS = new FairRoom(2_048, MOST_SERVICES, 16);
    /// As long as load balancers wait for an answer, by the settings of most.
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Gateway gateway;
    private final HealthAnswers answers;
    private final FairRoom.Share share = LISTENERS.share(); // guarded by this
    private final Map<String, Listener> listeners = new HashMap<>();
    private int toldUnanswered;
    private boolean closed;

    /// @param healthy whether what the API says is what the gateway does
    HealthChecks(Gateway gateway, BooleanSupplier healthy) {
        this.gateway = gateway;
        this.answers = new HealthAnswers(gateway.tenant(), healthy, PATIENCE);
    }

    private record Listener(ServerSocketChannel channel, int port, HealthAnswers.Subject subject) {}

    /// Makes these the services that are answered for; those that are answered for already stay so.
    ///
    /// @return what the gateway is to lead here
    synchronized List<ServiceTable.Port> follow(ServiceView view) {
        Map<String, ServiceView.Entry> wanted = new TreeMap<>(view.services());
        wanted.values().removeIf(service -> service.healthCheckNodePort() == 0);
        listeners.entrySet().removeIf(each -> !wanted.containsKey(each.getKey()) && close(each.getValue()));
        List<ServiceTable.Port> ports = new ArrayList<>();
        int unanswered = 0;
        boolean opens = !closed;
        for (var each : wanted.entrySet()) {
            ServiceView.Entry service = each.getValue();
            Listener listener = listeners.get(each.getKey());
            if (listener == null && opens && share.tryTake(1)) {
                listener = open(service);
                // What one is refused, the others would be too.
                opens = listener != null;
                if (!opens) {
                    share.giveBack(1);
                }
            }
            if (listener == null) {
                unanswered++;
                continue;
            }
            listeners.put(each.getKey(), listener);
            listener.subject().count(service.readyHere());
            ports.add(new ServiceTable.Port(each.getKey() + "#health", List.of(), Protocol.TCP, service.healthCheckNodePort(), service.healthCheckNodePort(), 0,
                    List.of(new ServiceTable.Endpoint(gateway.address(), listener.port()))));
        }
        if (unanswered > 0 && unanswered != toldUnanswered) {
            LOG.warn("event=health-checks-unanswered tenant={} services={} answered={} most={} effect=\"load balancers take this node for one without endpoints of these services\"",
                    gateway.tenant(), unanswered, ports.size(), MOST_SERVICES);
        }
        toldUnanswered = unanswered;
        return ports;
    }

    /// @return null when it cannot be opened
    private @Nullable Listener open(ServiceView.Entry service) {
        try {
            ServerSocketChannel channel = gateway.inside(() -> {
                try {
                    ServerSocketChannel opened = ServerSocketChannel.open(StandardProtocolFamily.INET);
                    try {
                        return opened.bind(new InetSocketAddress(gateway.address(), 0));
                    } catch (IOException | RuntimeException failure) {
                        opened.close();
                        throw failure;
                    }
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
            Listener listener = new Listener(channel, ((InetSocketAddress) channel.getLocalAddress()).getPort(), new HealthAnswers.Subject(service.namespace(), service.name()));
            answers.start(channel, listener.subject());
            return listener;
        } catch (IOException | UncheckedIOException | NetworkException refused) {
            LOG.warn("event=health-check-not-opened tenant={} service={}/{} address={} error=\"{}\" next=\"tried again when a service of the tenant changes\"",
                    gateway.tenant(), service.namespace(), service.name(), gateway.address(), refused.getMessage());
            return null;
        }
    }

    private boolean close(Listener listener) {
        share.giveBack(1);
        try {
            listener.channel().close();
        } catch (IOException failure) {
            LOG.debug("event=health-check-close-failed tenant={} error=\"{}\"", gateway.tenant(), failure.getMessage());
        }
        return true;
    }

    @Override
    public synchronized void close() {
        closed = true;
        listeners.values().forEach(this::close);
        listeners.clear();
        answers.close();
    }
}
