package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.kind.ResourceType;
import io.hypernetes.store.Entry;

/// Which single objects a caller sees although the rule allows the kind: a machine that joins and a node see their own
/// certificate requests only.
final class Visibility {
    private Visibility() {}

    static boolean sees(Caller caller, ResourceType type, Entry entry) {
        if (!type.is("certificates.k8s.io", "certificatesigningrequests")
                || !(caller.isBootstrapper() || caller.node().isPresent())) {
            return true;
        }
        try {
            return Json.string(Json.readObject(entry.value()), "spec", "username").equals(caller.user());
        } catch (MalformedJsonException e) {
            // Whose it is, nobody knows.
            return false;
        }
    }
}
