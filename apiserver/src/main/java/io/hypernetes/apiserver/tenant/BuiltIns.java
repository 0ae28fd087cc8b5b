package io.hypernetes.apiserver.tenant;

import io.hypernetes.apiserver.admission.StorageClasses;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;

/// Objects that the operator's tenant is given once and that are the operator's from then on: changed they stay changed, deleted they stay away.
/// A mark beside each, a key of its own, tells that it was given. So a cluster from before there was one gets it with the version that brings it.
final class BuiltIns {
    private static final String MARK = "built-in/storageclasses/local";
    private static final String CLASSES = ObjectKey.prefix(Caller.ROOT, "storage.k8s.io", "storageclasses");

    private final Store store;

    BuiltIns(Store store) {
        this.store = store;
    }

    /// Gives what was never given.
    void restore(Instant now) {
        if (store.get(MARK).isPresent()) {
            return;
        }
        var key = new ObjectKey(Caller.ROOT, "storage.k8s.io", "storageclasses", "", "local").text();
        var operations = new ArrayList<Operation>();
        operations.add(Operation.create(MARK, "given".getBytes(StandardCharsets.UTF_8)));
        if (store.get(key).isEmpty()) {
            // Where the operator has a default class already, this one does not take its place.
            boolean first = store.list(CLASSES, "", 0).entries().stream().noneMatch(StorageClasses::isDefault);
            operations.add(new Operation.Put(key, Operation.ABSENT, StoredForm.encoder(StorageClasses.local(now, first))));
        }
        try {
            store.commit(operations);
        } catch (ConflictException e) {
            // Another master was faster, or the operator made one of this name just now; the next start looks again.
        }
    }
}
