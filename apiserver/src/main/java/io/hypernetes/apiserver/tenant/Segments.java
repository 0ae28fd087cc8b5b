package io.hypernetes.apiserver.tenant;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.Json;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import tools.jackson.databind.node.ObjectNode;

/// Gives each tenant the number by which its network segments on all nodes find each other: two tenants with one number would be on one
/// wire. A number is a key of its own, written and removed in the commits that make and remove the tenant, and an annotation of the
/// Tenant that nobody can change. Safe for use by many threads.
public final class Segments {
    /// The annotation of a Tenant that tells its number.
    public static final String ANNOTATION = "hypernetes.io/segment";

    private static final String PREFIX = "segments/";
    /// VXLAN's numbers have 24 bits; nothing uses 0.
    private static final int NUMBERS = 1 << 24;

    private final Store store;
    private final RandomGenerator random;

    public Segments(Store store, RandomGenerator random) {
        this.store = store;
        this.random = random;
    }

    /// Numbers a new tenant, whatever it says of its number itself.
    ///
    /// @return what the commit of the tenant must do too
    public Operation create(ObjectNode tenant) {
        int number;
        do {
            number = random.nextInt(1, NUMBERS);
        } while (store.get(PREFIX + number).isPresent());
        Json.child(Json.child(tenant, "metadata"), "annotations").put(ANNOTATION, Integer.toString(number));
        return Operation.create(PREFIX + number, Json.string(tenant, "metadata", "name").getBytes(StandardCharsets.UTF_8));
    }

    /// Keeps a changed tenant's number what it was.
    public static void update(ObjectNode tenant, ObjectNode old) {
        var number = Json.string(old, "metadata", "annotations", ANNOTATION);
        if (!number.isEmpty()) {
            Json.child(Json.child(tenant, "metadata"), "annotations").put(ANNOTATION, number);
        } else if (!Json.string(tenant, "metadata", "annotations", ANNOTATION).isEmpty()) {
            Json.child(Json.child(tenant, "metadata"), "annotations").remove(ANNOTATION);
        }
    }

    /// What takes back the number of a tenant that goes.
    List<Operation> remove(String tenant) {
        List<Operation> operations = new ArrayList<>();
        store.get(key(tenant))
                .map(entry -> PREFIX + Json.string(Json.readObject(entry.value()), "metadata", "annotations", ANNOTATION))
                .filter(number -> store.get(number).isPresent())
                .ifPresent(number -> operations.add(Operation.delete(number)));
        return operations;
    }

    /// Numbers tenants that have none yet, those of an older release.
    void restore(String tenant) {
        store.get(key(tenant)).ifPresent(entry -> {
            var object = Json.readObject(entry.value());
            if (Json.string(object, "metadata", "annotations", ANNOTATION).isEmpty()) {
                var number = create(object);
                try {
                    store.commit(List.of(number, new Operation.Put(key(tenant), entry.revision(), StoredForm.encoder(object))));
                } catch (ConflictException meanwhile) {
                    // Somebody changed the tenant just now; the next start numbers it.
                    return;
                }
            }
        });
    }

    private static String key(String tenant) {
        return new ObjectKey(Caller.ROOT, "hypernetes.io", "tenants", "", tenant).text();
    }
}
