package io.hypernetes.cli;

import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Entry;
import java.time.Instant;
import tools.jackson.databind.node.ObjectNode;

/// Nodes in a master that was made of a backup: it has heard of none of them. One that is alive says so within seconds; of one that the backup calls Ready
/// the master would believe that for a while, and refuse the machine that takes its place.
final class RestoredNodes {
    private static final String NODES = "/root/core/nodes/";

    private RestoredNodes() {}

    /// The entry of a Node with all its conditions unknown; any other as it is.
    static Entry unheardOf(Entry entry, Instant now) {
        if (!entry.key().startsWith(NODES)) {
            return entry;
        }
        ObjectNode node = Json.readObject(entry.value());
        node.path("status").path("conditions").forEach(each -> {
            if (each instanceof ObjectNode condition) {
                condition.put("status", "Unknown");
                condition.put("reason", "NodeStatusUnknown");
                condition.put("message", "The master was restored from a backup and has not heard of the node since.");
                condition.put("lastTransitionTime", ApiTime.format(now));
            }
        });
        return new Entry(entry.key(), StoredForm.encoder(node).apply(entry.revision()), entry.createRevision(), entry.revision());
    }
}
