package io.hypernetes.proxy;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServiceSpec;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.hypernetes.network.FairRoom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a node keeps of one tenant's services and slices in memory: of each what is looked at here, and of all no more than there is room for, beside those of other tenants. What a tenant may have
/// stored would fill the memory of each node on which it has a pod many times, once it is objects. Safe for use by many threads.
final class Copies implements AutoCloseable {
    /// An endpoint takes about as much, and a port.
    private static final int UNIT_BYTES = 400;
    /// A service or slice beside these.
    private static final int OBJECT_UNITS = 3;
    /// After which what there was no room for may be read again: a tenant's changes must not make a node read all of its objects again and again.
    static final Duration LOOK_AGAIN = Duration.ofMinutes(1);
    /// What is served is less ([Room#MOST_OF_TENANT]).
    private static final FairRoom OF_NODE = new FairRoom(Runtime.getRuntime().maxMemory() / 8 / UNIT_BYTES, 100_000, 4_096);

    private final FairRoom.Share share;
    private final Map<Key, Long> units = new HashMap<>(); // guarded by this, as all that follows
    private boolean closed;
    private boolean lacking;
    private long begunNanos;

    /// One that was deleted and made again is another.
    private record Key(Class<?> kind, @Nullable String namespace, String name, @Nullable String uid) {
        static Key of(HasMetadata object) {
            ObjectMeta metadata = object.getMetadata();
            return new Key(object.getClass(), metadata.getNamespace(), metadata.getName(), metadata.getUid());
        }
    }

    Copies() {
        this(OF_NODE, System.nanoTime());
    }

    /// @param room shared with other tenants
    /// @param nanos what time it is
    Copies(FairRoom room, long nanos) {
        this.share = room.share();
        this.begunNanos = nanos;
    }

    /// Whether there is room for the object as it is now; where there is not, nothing is counted of it any more.
    synchronized boolean keeps(HasMetadata object) {
        forget(object);
        long size = units(object);
        if (closed || !share.tryTake(size)) {
            lacking = true;
            return false;
        }
        units.put(Key.of(object), size);
        return true;
    }

    /// The object is gone.
    synchronized void forget(HasMetadata object) {
        Long had = units.remove(Key.of(object));
        if (had != null) {
            share.giveBack(had);
        }
    }

    /// Whether something was left out since all was read.
    synchronized boolean isLacking() {
        return lacking;
    }

    /// Whether nothing was left out for so long that what was read again must all be here.
    synchronized boolean isWhole(long nanos) {
        return !lacking && nanos - begunNanos >= LOOK_AGAIN.toNanos();
    }

    /// Whether all is to be read once more, as something was left out for which there may be room by now, and the last time is long enough ago: however often something
    /// changes meanwhile.
    synchronized boolean beginsAgain(long nanos) {
        boolean due = lacking && nanos - begunNanos >= LOOK_AGAIN.toNanos() && share.hasRoomAgain();
        if (due) {
            begunNanos = nanos;
            lacking = false;
        }
        return due;
    }

    @Override
    public synchronized void close() {
        closed = true;
        units.values().forEach(share::giveBack);
        units.clear();
    }

    private static long units(HasMetadata object) {
        return OBJECT_UNITS + switch (object) {
            case Service service when service.getSpec() != null && service.getSpec().getPorts() != null -> service.getSpec().getPorts().size();
            case EndpointSlice slice -> (slice.getEndpoints() == null ? 0 : slice.getEndpoints().size()) + (slice.getPorts() == null ? 0 : slice.getPorts().size());
            default -> 0;
        };
    }

    /// Drops what [Views] does not look at.
    static void trim(Service service) {
        bare(service.getMetadata(), Map.of());
        service.setStatus(null);
        service.setAdditionalProperties(Map.of());
        ServiceSpec all = service.getSpec();
        if (all == null) {
            return;
        }
        ServiceSpec spec = new ServiceSpec();
        spec.setType(all.getType());
        spec.setClusterIP(all.getClusterIP());
        spec.setExternalName(all.getExternalName());
        spec.setSessionAffinity(all.getSessionAffinity());
        spec.setSessionAffinityConfig(all.getSessionAffinityConfig());
        spec.setInternalTrafficPolicy(all.getInternalTrafficPolicy());
        spec.setExternalTrafficPolicy(all.getExternalTrafficPolicy());
        spec.setHealthCheckNodePort(all.getHealthCheckNodePort());
        List<ServicePort> ports = new ArrayList<>();
        if (all.getPorts() != null) {
            for (ServicePort port : all.getPorts()) {
                ServicePort bare = new ServicePort();
                bare.setName(port.getName());
                bare.setProtocol(port.getProtocol());
                bare.setPort(port.getPort());
                bare.setNodePort(port.getNodePort());
                ports.add(bare);
            }
        }
        spec.setPorts(ports);
        service.setSpec(spec);
    }

    /// The same of a slice.
    static void trim(EndpointSlice slice) {
        Map<String, String> labels = slice.getMetadata().getLabels();
        String service = labels == null ? null : labels.get(Views.SERVICE_NAME);
        bare(slice.getMetadata(), service == null ? Map.of() : Map.of(Views.SERVICE_NAME, service));
        slice.setAdditionalProperties(Map.of());
        boolean read = service != null && Views.ADDRESSES.equals(slice.getAddressType());
        Map<String, String> nodes = new HashMap<>();
        Map<List<@Nullable Boolean>, EndpointConditions> conditions = new HashMap<>();
        List<Endpoint> endpoints = new ArrayList<>();
        if (read && slice.getEndpoints() != null) {
            for (Endpoint endpoint : slice.getEndpoints()) {
                endpoints.add(bare(endpoint, nodes, conditions));
            }
        }
        slice.setEndpoints(List.copyOf(endpoints));
        List<EndpointPort> ports = new ArrayList<>();
        if (read && slice.getPorts() != null) {
            for (EndpointPort port : slice.getPorts()) {
                EndpointPort bare = new EndpointPort();
                bare.setName(port.getName());
                bare.setProtocol(port.getProtocol());
                bare.setPort(port.getPort());
                ports.add(bare);
            }
        }
        slice.setPorts(ports);
    }

    private static void bare(ObjectMeta metadata, Map<String, String> labels) {
        metadata.setAnnotations(null);
        metadata.setLabels(labels);
        metadata.setOwnerReferences(List.of());
        metadata.setFinalizers(List.of());
        metadata.setAdditionalProperties(Map.of());
    }

    private static Endpoint bare(Endpoint endpoint, Map<String, String> nodes, Map<List<@Nullable Boolean>, EndpointConditions> conditions) {
        List<String> addresses = endpoint.getAddresses();
        endpoint.setAddresses(addresses == null || addresses.isEmpty() ? List.of() : List.of(Objects.requireNonNullElse(addresses.getFirst(), "")));
        endpoint.setDeprecatedTopology(Map.of());
        endpoint.setTargetRef(null);
        endpoint.setZone(null);
        endpoint.setAdditionalProperties(Map.of());
        if (endpoint.getNodeName() != null) {
            endpoint.setNodeName(nodes.computeIfAbsent(endpoint.getNodeName(), name -> name));
        }
        EndpointConditions own = endpoint.getConditions();
        if (own != null) {
            List<@Nullable Boolean> said = new ArrayList<>();
            said.add(own.getReady());
            said.add(own.getServing());
            said.add(own.getTerminating());
            endpoint.setConditions(conditions.computeIfAbsent(said, _ -> own));
        }
        return endpoint;
    }
}
