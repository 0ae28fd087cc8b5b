package io.hypernetes.apiserver.quota;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import io.hypernetes.objects.kind.LocalDisk;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What the disks of a tenant may hold beyond what its claims ask for, as PersistentVolumes tell: a disk is as large as its volume, whatever is asked of it, and is
/// there as long as that is. So of a claim and the volume that it has the larger counts, and a volume without a claim counts by itself. All of one look at them: what was
/// read once is not read again.
final class DiskSpace {
    /// A disk has at least the room of its journal.
    private static final Quantity LEAST = Quantity.parse("4Mi");

    private static final String STORAGE = "requests.storage";
    private static final String OF_CLASS = ".storageclass.storage.k8s.io/" + STORAGE;

    private final Store store;
    private final String tenant;
    private final Set<String> classes;
    private final Map<String, Operation> seen = new LinkedHashMap<>();
    private final Map<String, Optional<ObjectNode>> found = new LinkedHashMap<>();

    /// @param classes as [#classes(Store)] tells them
    DiskSpace(Store store, String tenant, Set<String> classes) {
        this.store = store;
        this.tenant = tenant;
        this.classes = Set.copyOf(classes);
    }

    /// The operator's classes of such disks.
    static Set<String> classes(Store store) {
        return store.list(ObjectKey.prefix(Caller.ROOT, "storage.k8s.io", "storageclasses"), "", 0).entries().stream()
                .map(entry -> Json.readObject(entry.value()))
                .filter(type -> Json.string(type, "provisioner").equals(LocalDisk.PROVISIONER))
                .map(type -> Json.string(type, "metadata", "name"))
                .collect(Collectors.toSet());
    }

    /// Whether a quota limits it.
    static boolean isLimited(JsonNode hard) {
        return hard.propertyNames().stream().anyMatch(name -> name.equals(STORAGE) || name.endsWith(OF_CLASS));
    }

    /// What a commit that relies on this must find as it was.
    List<Operation> seen() {
        return List.copyOf(seen.values());
    }

    /// What a stored volume takes beyond its claim.
    Map<String, Quantity> of(ObjectNode volume) {
        return LocalDisk.is(volume) ? beyond(volume, claimOf(volume)) : Map.of();
    }

    /// What is taken more, or less, when a claim or a volume becomes another.
    ///
    /// @param old null for a new one
    Map<String, Quantity> change(String resource, ObjectNode now, @Nullable ObjectNode old) {
        return switch (resource) {
            case "persistentvolumes" -> Quotas.difference(of(now), old == null ? Map.of() : of(old));
            // Nothing names the uid of a claim that is new.
            case "persistentvolumeclaims" -> old == null ? Map.of() : ofClaim(now, old);
            default -> Map.of();
        };
    }

    private Map<String, Quantity> ofClaim(ObjectNode now, ObjectNode old) {
        var names = new LinkedHashSet<>(List.of(made(now), Json.string(now, "spec", "volumeName"), Json.string(old, "spec", "volumeName")));
        names.remove("");
        var change = new TreeMap<String, Quantity>();
        for (var name : names) {
            var volume = find("persistentvolumes", "", name);
            if (volume != null && LocalDisk.is(volume)) {
                Quotas.difference(beyond(volume, now), beyond(volume, old)).forEach((resource, more) -> change.merge(resource, more, Quantity::plus));
            }
        }
        return change;
    }

    private @Nullable ObjectNode claimOf(ObjectNode volume) {
        var name = Json.string(volume, "spec", "claimRef", "name");
        return name.isEmpty() ? null : find("persistentvolumeclaims", Json.string(volume, "spec", "claimRef", "namespace"), name);
    }

    private @Nullable ObjectNode find(String resource, String namespace, String name) {
        var key = new ObjectKey(tenant, "", resource, namespace, name).text();
        return found.computeIfAbsent(key, _ -> {
            var entry = store.get(key);
            seen.put(key, new Operation.Check(key, entry.isPresent() ? entry.get().revision() : Operation.ABSENT));
            return entry.map(there -> Json.readObject(there.value()));
        }).orElse(null);
    }

    private Map<String, Quantity> beyond(ObjectNode volume, @Nullable ObjectNode claim) {
        var size = PodResources.quantity(volume.path("spec").path("capacity").path("storage")).max(LEAST);
        var paying = claim != null && has(claim, volume) ? claim : Json.object();
        var left = size.minus(Usage.size(paying));
        var of = Usage.storageClass(paying);
        var beyond = new TreeMap<String, Quantity>();
        beyond.put(STORAGE, left);
        // What a claim asks for counts under its own class alone.
        classesOf(volume).forEach(type -> beyond.put(type + OF_CLASS, type.equals(of) ? left : size));
        beyond.values().removeIf(more -> more.signum() <= 0);
        return beyond;
    }

    /// Under which classes a disk counts: under its own, and when that is none of the operator's under all of those, as whoever limits one of them means such disks.
    private Set<String> classesOf(ObjectNode volume) {
        var own = Usage.storageClass(volume);
        if (classes.contains(own)) {
            return Set.of(own);
        }
        var all = new LinkedHashSet<>(classes);
        all.add(own);
        all.remove("");
        return all;
    }

    /// Both say so; before the claim does, the volume that is made for it counts, of which there is one.
    private static boolean has(ObjectNode claim, ObjectNode volume) {
        var name = Json.string(volume, "metadata", "name");
        var named = Json.string(claim, "spec", "volumeName");
        return Json.string(volume, "spec", "claimRef", "uid").equals(Json.string(claim, "metadata", "uid"))
                && Json.string(volume, "spec", "claimRef", "name").equals(Json.string(claim, "metadata", "name"))
                && Json.string(volume, "spec", "claimRef", "namespace").equals(Json.string(claim, "metadata", "namespace"))
                && name.equals(named.isEmpty() ? made(claim) : named);
    }

    private static String made(ObjectNode claim) {
        return "pvc-" + Json.string(claim, "metadata", "uid");
    }
}
