package io.hypernetes.apiserver.service;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.random.RandomGenerator;
import tools.jackson.databind.node.ObjectNode;

/// Keeps allocations beside the services, tenant by tenant: each address is an IPAddress of `networking.k8s.io/v1`, each node port a key
/// of its own. What a service is given at random comes from the upper part of the range; the lower part is left to those who ask for a
/// certain address or port.
public final class StoredAllocations implements ServiceAllocator {
    private static final int FIRST_PORT = 30_000;
    private static final int LAST_PORT = 32_767;
    private static final int FREE_CHOICE_PORTS = 86;
    private static final int ATTEMPTS = 64;

    private final Store store;
    private final AddressRange range;
    private final RandomGenerator random;
    private final InstantSource clock;

    /// @param range the addresses of services, the same in each tenant
    public StoredAllocations(Store store, AddressRange range, RandomGenerator random, InstantSource clock) {
        this.store = store;
        this.range = range;
        this.random = random;
        this.clock = clock;
    }

    @Override
    public List<Operation> settle(String tenant, ObjectNode service, ObjectNode old) {
        var operations = new ArrayList<Operation>();
        var faults = new AddressFamilies(service, old).settle();
        if (!faults.isEmpty()) {
            throw invalid(service, faults);
        }
        addresses(tenant, service, old, operations);
        ports(tenant, service, old, operations);
        return operations;
    }

    @Override
    public List<Operation> release(String tenant, ObjectNode service) {
        var operations = new ArrayList<Operation>();
        addressesOf(service).forEach(address -> free(addressKey(tenant, address), operations));
        portsOf(service).forEach(port -> returnPort(tenant, port, service, operations));
        return operations;
    }

    private void addresses(String tenant, ObjectNode service, ObjectNode old, List<Operation> operations) {
        var spec = Json.child(service, "spec");
        if (!Json.string(spec, "type").equals("ExternalName")) {
            if (Json.string(spec, "clusterIP").isEmpty()) {
                var given = freeAddress(tenant);
                spec.put("clusterIP", given);
                spec.putArray("clusterIPs").add(given);
            }
        }
        var now = addressesOf(service);
        var before = addressesOf(old);
        for (var address : now) {
            if (!before.contains(address)) {
                claimAddress(tenant, service, address, operations);
            }
        }
        before.stream().filter(address -> !now.contains(address)).forEach(address -> free(addressKey(tenant, address), operations));
    }

    private void claimAddress(String tenant, ObjectNode service, String address, List<Operation> operations) {
        var key = addressKey(tenant, address);
        String problem = !range.contains(address)
                ? "the provided IP (" + address + ") is not in the valid range. The range of valid IPs is " + range
                : store.get(key).isPresent() ? "provided IP is already allocated" : "";
        if (!problem.isEmpty()) {
            throw invalid(
                    service,
                    new FieldError(
                            "spec.clusterIPs",
                            FieldError.Reason.INVALID,
                            "Invalid value: [\"" + address + "\"]: failed to allocate IP " + address + ": " + problem));
        }
        operations.add(new Operation.Put(key, Operation.ABSENT, StoredForm.encoder(owner(service, address))));
    }

    private ObjectNode owner(ObjectNode service, String address) {
        var object = Json.object().put("apiVersion", "networking.k8s.io/v1").put("kind", "IPAddress");
        var metadata = object.putObject("metadata");
        metadata.put("name", address);
        metadata.put("uid", UUID.randomUUID().toString());
        metadata.put("creationTimestamp", ApiTime.format(clock.instant()));
        metadata.putObject("labels")
                .put("ipaddress.kubernetes.io/ip-family", "IPv4")
                .put("ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io");
        object.putObject("spec").putObject("parentRef")
                .put("resource", "services")
                .put("namespace", Json.string(service, "metadata", "namespace"))
                .put("name", Json.string(service, "metadata", "name"));
        return object;
    }

    private String freeAddress(String tenant) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            var address = range.upper(random);
            if (store.get(addressKey(tenant, address)).isEmpty()) {
                return address;
            }
        }
        // The range is crowded: the first gap, if there is one.
        return range.firstFree(address -> store.get(addressKey(tenant, address)).isEmpty())
                .orElseThrow(() -> ApiStatus.internal("failed to allocate a serviceIP: range is full").asException());
    }

    private void ports(String tenant, ObjectNode service, ObjectNode old, List<Operation> operations) {
        var spec = Json.child(service, "spec");
        var type = Json.string(spec, "type");
        var before = portsOf(old);
        var claimed = new LinkedHashSet<Long>();
        boolean given = type.equals("NodePort")
                || (type.equals("LoadBalancer")
                        && (!spec.has("allocateLoadBalancerNodePorts") || Json.flag(spec, "allocateLoadBalancerNodePorts")));
        var ports = Json.objects(spec, "ports");
        for (int i = 0; i < ports.size(); i++) {
            long number = Json.number(ports.get(i), 0, "nodePort");
            if (number != 0 && (type.equals("NodePort") || type.equals("LoadBalancer"))) {
                claimPort(tenant, service, number, "spec.ports[" + i + "].nodePort", before, claimed, operations);
            }
        }
        for (var port : ports) {
            if (given && Json.number(port, 0, "nodePort") == 0) {
                long number = freePort(tenant, claimed);
                port.set("nodePort", Json.integer(number));
                claimPort(tenant, service, number, "spec.ports", before, claimed, operations);
            }
        }
        if (type.equals("LoadBalancer") && Json.string(spec, "externalTrafficPolicy").equals("Local")) {
            if (Json.number(spec, 0, "healthCheckNodePort") == 0) {
                spec.set("healthCheckNodePort", Json.integer(freePort(tenant, claimed)));
            }
            claimPort(
                    tenant, service, Json.number(spec, 0, "healthCheckNodePort"), "spec.healthCheckNodePort", before, claimed, operations);
        }
        var now = portsOf(service);
        before.stream().filter(port -> !now.contains(port)).forEach(port -> returnPort(tenant, port, old, operations));
    }

    private void claimPort(
            String tenant, ObjectNode service, long number, String path, Set<Long> before, Set<Long> claimed, List<Operation> operations) {
        if (!claimed.add(number) || before.contains(number)) {
            return;
        }
        var key = portKey(tenant, number);
        String problem = number < FIRST_PORT || number > LAST_PORT
                ? "provided port is not in the valid range. The range of valid ports is " + FIRST_PORT + "-" + LAST_PORT
                : store.get(key).isPresent() ? "provided port is already allocated" : "";
        if (!problem.isEmpty()) {
            throw invalid(service, FieldError.invalid(path, number, problem));
        }
        var holder = Json.object().put("apiVersion", "hypernetes.io/v1").put("kind", "NodePortAllocation");
        holder.putObject("metadata")
                .put("namespace", Json.string(service, "metadata", "namespace"))
                .put("name", Json.string(service, "metadata", "name"));
        operations.add(new Operation.Put(key, Operation.ABSENT, StoredForm.encoder(holder)));
    }

    private long freePort(String tenant, Set<Long> claimed) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            long port = random.nextInt(FIRST_PORT + FREE_CHOICE_PORTS, LAST_PORT + 1);
            if (!claimed.contains(port) && store.get(portKey(tenant, port)).isEmpty()) {
                return port;
            }
        }
        for (long port = FIRST_PORT; port <= LAST_PORT; port++) {
            if (!claimed.contains(port) && store.get(portKey(tenant, port)).isEmpty()) {
                return port;
            }
        }
        throw ApiStatus.internal("failed to allocate a nodePort: range is full").asException();
    }

    /// Gives back a number that this service holds, and no one else's.
    private void returnPort(String tenant, long port, ObjectNode service, List<Operation> operations) {
        var key = portKey(tenant, port);
        var holder = store.get(key).map(entry -> Json.readObject(entry.value()));
        if (holder.isPresent() && List.of("namespace", "name").stream()
                .allMatch(part -> Json.string(holder.get(), "metadata", part).equals(Json.string(service, "metadata", part)))) {
            free(key, operations);
        }
    }

    private void free(String key, List<Operation> operations) {
        store.get(key)
                .ifPresent(entry -> operations.add(new Operation.Delete(
                        key, entry.revision(), revision -> StoredForm.withRevision(entry.value(), revision))));
    }

    private static Set<String> addressesOf(ObjectNode service) {
        var addresses = new LinkedHashSet<String>();
        if (!Json.string(service, "spec", "type").equals("ExternalName")) {
            Json.at(service, "spec", "clusterIPs").forEach(address -> addresses.add(address.asString("")));
        }
        addresses.remove("None");
        addresses.remove("");
        return addresses;
    }

    private static Set<Long> portsOf(ObjectNode service) {
        var ports = new LinkedHashSet<Long>();
        var type = Json.string(service, "spec", "type");
        boolean balanced = type.equals("LoadBalancer");
        // An alias may name numbers that are somebody else's.
        if (balanced || type.equals("NodePort")) {
            Json.objects(service.path("spec"), "ports").forEach(port -> ports.add(Json.number(port, 0, "nodePort")));
        }
        if (balanced && Json.string(service, "spec", "externalTrafficPolicy").equals("Local")) {
            // Nobody else has claimed it, though it may have been stored.
            ports.add(Json.number(service, 0, "spec", "healthCheckNodePort"));
        }
        ports.remove(0L);
        return ports;
    }

    private static String addressKey(String tenant, String address) {
        return new ObjectKey(tenant, "networking.k8s.io", "ipaddresses", "", address).text();
    }

    private static String portKey(String tenant, long port) {
        return new ObjectKey(tenant, "hypernetes.io", "nodeports", "", Long.toString(port)).text();
    }

    private static ApiException invalid(ObjectNode service, FieldError error) {
        return invalid(service, List.of(error));
    }

    private static ApiException invalid(ObjectNode service, List<FieldError> errors) {
        return ApiStatus.invalid("", "Service", Json.string(service, "metadata", "name"), errors).asException();
    }
}
