package io.hypernetes.hyperd.docker;

import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Docker containers, volumes and networks, durably, under `/hyperd/docker/ID`, `/hyperd/docker-volumes/NAME` and `/hyperd/docker-networks/ID`. Safe for use by many threads.
final class DockerJournal {
    private static final String PREFIX = "/hyperd/docker/";
    private static final String VOLUMES = "/hyperd/docker-volumes/";
    private static final String NETWORKS = "/hyperd/docker-networks/";
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

    void write(NetworkRecord network) {
        store.commit(List.of(Operation.put(NETWORKS + network.id(), JSON.writeValueAsBytes(network))));
    }

    void removeNetwork(String id) {
        if (store.get(NETWORKS + id).isPresent()) {
            store.commit(List.of(Operation.delete(NETWORKS + id)));
        }
    }

    List<NetworkRecord> networks() {
        return store.list(NETWORKS, "", 0).entries().stream().map(entry -> JSON.readValue(entry.value(), NetworkRecord.class)).toList();
    }

    List<DockerRecord> all() {
        return store.list(PREFIX, "", 0).entries().stream().map(entry -> read(entry.value())).toList();
    }

    // What was written before there were networks says nothing of them.
    static DockerRecord read(byte[] value) {
        ObjectNode tree = (ObjectNode) JSON.readTree(value);
        if (!tree.has("networks")) {
            tree.putArray("networks").addObject().put("network", NetworkRecord.BRIDGE.id()).put("name", NetworkRecord.BRIDGE.name()).putArray("aliases");
        }
        return JSON.treeToValue(tree, DockerRecord.class);
    }
}
