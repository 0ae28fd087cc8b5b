package io.hypernetes.apiserver.service;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Operation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import tools.jackson.databind.node.ObjectNode;

/// The services that every tenant has from its first moment: the API server and the name server, under the addresses that they have by
/// custom. Nodes lead pods there whether these objects are there or not; the objects show them, and hold their addresses. Thread-safe.
public final class BaseServices {
    private final Kind kind;
    private final ServiceAllocator allocator;
    private final AddressRange range;

    public BaseServices(Kinds kinds, ServiceAllocator allocator, AddressRange range) {
        this.kind = kinds.get("v1", "Service");
        this.allocator = allocator;
        this.range = range;
    }

    /// One of them.
    public enum Name {
        KUBERNETES("default", "kubernetes"),
        KUBE_DNS("kube-system", "kube-dns");

        private final String namespace;
        private final String service;

        Name(String namespace, String service) {
            this.namespace = namespace;
            this.service = service;
        }

        /// How the keys end of it, and of what is named as it is.
        public String suffix() {
            return "/" + namespace + "/" + service;
        }

        /// Where it is in a tenant.
        public ObjectKey key(String tenant) {
            return new ObjectKey(tenant, "", "services", namespace, service);
        }
    }

    /// The operations that make one for a tenant, its address among them.
    public List<Operation> make(String tenant, Name name, Instant now) {
        var service = switch (name) {
            case KUBERNETES -> service(name, AddressRange.API_SERVER, now, "component", "apiserver", "provider", "kubernetes");
            case KUBE_DNS -> service(
                    name, AddressRange.NAME_SERVER, now, "k8s-app", "kube-dns", "kubernetes.io/cluster-service", "true", "kubernetes.io/name", "CoreDNS");
        };
        switch (name) {
            case KUBERNETES -> port(service, "https", "TCP", 443, 6443);
            case KUBE_DNS -> {
                port(service, "dns", "UDP", 53, 53);
                port(service, "dns-tcp", "TCP", 53, 53);
            }
        }
        kind.setDefaults(service);
        var operations = new ArrayList<Operation>(allocator.settle(tenant, service, Json.object()));
        operations.add(new Operation.Put(name.key(tenant).text(), Operation.ABSENT, StoredForm.encoder(service)));
        return operations;
    }

    /// What shows where the API server of a tenant is reached: Endpoints and an EndpointSlice of the service `kubernetes`, each made when it is not there.
    /// Their address is the service's own. Behind it each node has a door of the tenant's, whose address is that node's affair, and the server's own is the
    /// operator's: whoever looks for an API server by its endpoints finds the one that answers him.
    public List<Operation.Put> backends(String tenant, Instant now) {
        String address = range.at(AddressRange.API_SERVER);
        var endpoints = object("v1", "Endpoints", Name.KUBERNETES, now, "endpointslice.kubernetes.io/skip-mirror", "true");
        var subset = endpoints.putArray("subsets").addObject();
        subset.putArray("addresses").addObject().put("ip", address);
        https(subset.putArray("ports").addObject());
        var slice = object("discovery.k8s.io/v1", "EndpointSlice", Name.KUBERNETES, now, "kubernetes.io/service-name", Name.KUBERNETES.service);
        slice.put("addressType", address.contains(":") ? "IPv6" : "IPv4");
        var endpoint = slice.putArray("endpoints").addObject();
        endpoint.putArray("addresses").add(address);
        endpoint.putObject("conditions").put("ready", true);
        https(slice.putArray("ports").addObject());
        return List.of(
                new Operation.Put(key(tenant, "", "endpoints").text(), Operation.ABSENT, StoredForm.encoder(endpoints)),
                new Operation.Put(key(tenant, "discovery.k8s.io", "endpointslices").text(), Operation.ABSENT, StoredForm.encoder(slice)));
    }

    private static ObjectKey key(String tenant, String group, String resource) {
        return new ObjectKey(tenant, group, resource, Name.KUBERNETES.namespace, Name.KUBERNETES.service);
    }

    private static void https(ObjectNode port) {
        port.put("name", "https");
        port.put("protocol", "TCP");
        port.set("port", Json.integer(443));
    }

    private ObjectNode service(Name name, int offset, Instant now, String... labels) {
        var object = object("v1", "Service", name, now, labels);
        var spec = object.putObject("spec");
        spec.put("type", "ClusterIP");
        spec.put("clusterIP", range.at(offset));
        spec.putArray("ports");
        return object;
    }

    private static ObjectNode object(String version, String kind, Name name, Instant now, String... labels) {
        var object = Json.object();
        object.put("apiVersion", version);
        object.put("kind", kind);
        var metadata = object.putObject("metadata");
        metadata.put("name", name.service);
        metadata.put("namespace", name.namespace);
        metadata.put("uid", UUID.randomUUID().toString());
        metadata.put("creationTimestamp", ApiTime.format(now));
        var marks = metadata.putObject("labels");
        for (int i = 0; i < labels.length; i += 2) {
            marks.put(labels[i], labels[i + 1]);
        }
        return object;
    }

    private static void port(ObjectNode service, String name, String protocol, int port, int target) {
        var entry = Json.child(service, "spec").withArray("ports").addObject();
        entry.put("name", name);
        entry.put("protocol", protocol);
        entry.set("port", Json.integer(port));
        entry.set("targetPort", Json.integer(target));
    }
}
