package io.hypernetes.apiserver.node;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.webhook.ServiceResolver;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import tools.jackson.databind.node.ObjectNode;

/// The way from this server to pods and services of a tenant. Pods' networks are the tenants' own and overlap, so no address is ever
/// dialled: each connection goes to the pod's node, which carries it into the pod. Safe for many threads.
///
/// What an EndpointSlice says is the tenant's word. It counts only where it names a pod of the service's namespace that has the address
/// told.
public final class TenantDialer implements ServiceResolver {
    private static final int PAGE = 500;

    private final Store store;
    private final NodeRelay relay;

    public TenantDialer(Store store, NodeRelay relay) {
        this.store = store;
        this.relay = relay;
    }

    /// A port of a pod behind a service.
    public record Endpoint(ObjectNode pod, int port) {}

    /// A connection to a port of a pod.
    ///
    /// @param pod the object, which has a node
    /// @param patience with the node until the connection is there
    /// @throws IOException when the node or the pod does not take it; the message says why
    public Socket connect(String tenant, ObjectNode pod, int port, Duration patience) throws IOException {
        var name = Json.string(pod, "metadata", "name");
        var node = Json.string(pod, "spec", "nodeName");
        var entry = store.get(new ObjectKey(Caller.ROOT, "", "nodes", "", node).text());
        if (node.isEmpty() || entry.isEmpty()) {
            throw new IOException("pod " + name + " is on no node that is known");
        }
        var target = "/tenants/" + tenant + "/portForward/" + Json.string(pod, "metadata", "namespace") + "/" + name + "?ports=" + port;
        return relay.tunnel(NodeAddress.of(Json.readObject(entry.get().value())), target, patience);
    }

    @Override
    public Socket connect(String tenant, String namespace, String name, int port, Duration timeout) throws IOException {
        var entry = store.get(new ObjectKey(tenant, "", "services", namespace, name).text());
        if (entry.isEmpty()) {
            throw new IOException("service \"" + name + "\" not found");
        }
        for (var each : Json.objects(Json.readObject(entry.get().value()).path("spec"), "ports")) {
            if (Json.number(each, 0, "port") == port) {
                var endpoint = endpoint(tenant, namespace, name, Json.string(each, "name"));
                var socket = connect(tenant, endpoint.pod, endpoint.port, timeout);
                socket.setSoTimeout((int) Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE));
                return socket;
            }
        }
        throw new IOException("no service port " + port + " found for service \"" + name + "\"");
    }

    /// Any ready pod behind a service, with its port.
    ///
    /// @param portName as in the service's ports; may be empty
    /// @throws IOException when there is none
    public Endpoint endpoint(String tenant, String namespace, String service, String portName) throws IOException {
        var found = new ArrayList<Endpoint>();
        var prefix = ObjectKey.prefix(tenant, "discovery.k8s.io", "endpointslices", namespace);
        for (var after = prefix; ; ) {
            var page = store.list(prefix, after, PAGE);
            for (var entry : page.entries()) {
                var slice = Json.readObject(entry.value());
                if (Json.string(slice, "metadata", "labels", "kubernetes.io/service-name").equals(service)) {
                    collect(tenant, namespace, slice, portName, found);
                }
            }
            if (page.remaining() == 0 || page.entries().isEmpty()) {
                break;
            }
            after = page.entries().getLast().key();
        }
        if (found.isEmpty()) {
            throw new IOException("no endpoints available for service \"" + service + "\"");
        }
        return found.get(ThreadLocalRandom.current().nextInt(found.size()));
    }

    private void collect(String tenant, String namespace, ObjectNode slice, String portName, List<Endpoint> found) {
        for (var port : Json.objects(slice, "ports")) {
            int number = (int) Json.number(port, 0, "port");
            if (number <= 0 || !Json.string(port, "name").equals(portName)) {
                continue;
            }
            for (var endpoint : Json.objects(slice, "endpoints")) {
                var ready = endpoint.path("conditions").get("ready");
                var reference = endpoint.path("targetRef");
                if (ready != null && ready.isBoolean() && !ready.asBoolean()
                        || !Json.string(reference, "kind").equals("Pod")
                        || !Json.string(reference, "namespace").equals(namespace)) {
                    continue;
                }
                store.get(new ObjectKey(tenant, "", "pods", namespace, Json.string(reference, "name")).text())
                        .map(entry -> Json.readObject(entry.value()))
                        .filter(pod -> hasAddress(pod, endpoint))
                        .ifPresent(pod -> found.add(new Endpoint(pod, number)));
            }
        }
    }

    private static boolean hasAddress(ObjectNode pod, ObjectNode endpoint) {
        var address = Json.string(pod, "status", "podIP");
        for (var each : endpoint.path("addresses")) {
            if (!address.isEmpty() && each.asString("").equals(address)) {
                return true;
            }
        }
        return false;
    }
}
