package io.hypernetes.hyperd.docker;

import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/// Docker containers, durably, under `/hyperd/docker/ID`. Safe for use by many threads.
final class DockerJournal {
    private static final String PREFIX = "/hyperd/docker/";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Store store;

    DockerJournal(Store store) {
        this.store = store;
    }

    void write(DockerRecord record) {
        store.commit(List.of(Operation.put(PREFIX + record.id(), JSON.writeValueAsBytes(record))));
    }

    void remove(String id) {
        if (store.get(PREFIX + id).isPresent()) {
            store.commit(List.of(Operation.delete(PREFIX + id)));
        }
    }

    List<DockerRecord> all() {
        return store.list(PREFIX, "", 0).entries().stream().map(entry -> JSON.readValue(entry.value(), DockerRecord.class)).toList();
    }
}
