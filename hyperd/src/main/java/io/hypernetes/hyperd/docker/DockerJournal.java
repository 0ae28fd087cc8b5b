package io.hypernetes.hyperd.docker;

import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/// Docker containers and volumes, durably, under `/hyperd/docker/ID` and `/hyperd/docker-volumes/NAME`. Safe for use by many threads.
final class DockerJournal {
    private static final String PREFIX = "/hyperd/docker/";
    private static final String VOLUMES = "/hyperd/docker-volumes/";
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

    void write(VolumeRecord volume) {
        store.commit(List.of(Operation.put(VOLUMES + volume.name(), JSON.writeValueAsBytes(volume))));
    }

    void removeVolume(String name) {
        if (store.get(VOLUMES + name).isPresent()) {
            store.commit(List.of(Operation.delete(VOLUMES + name)));
        }
    }

    List<VolumeRecord> volumes() {
        return store.list(VOLUMES, "", 0).entries().stream().map(entry -> JSON.readValue(entry.value(), VolumeRecord.class)).toList();
    }

    List<DockerRecord> all() {
        return store.list(PREFIX, "", 0).entries().stream().map(entry -> JSON.readValue(entry.value(), DockerRecord.class)).toList();
    }
}
