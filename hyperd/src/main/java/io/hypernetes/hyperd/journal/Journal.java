package io.hypernetes.hyperd.journal;

import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.telemetry.Step;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// The engine's memory: one small JSON value a sandbox under `/hyperd/sandboxes/ID`, one a container under
/// `/hyperd/containers/ID`, and how a sandbox was made under `/hyperd/steps/ID`, what was begun with it under `/hyperd/intents/ID`. A write returns when it survives the loss of power. Safe for use by many threads; two writers of one
/// record must agree among themselves.
public final class Journal {
    private static final String SANDBOXES = "/hyperd/sandboxes/";
    private static final String STEPS = "/hyperd/steps/";
    private static final String CONTAINERS = "/hyperd/containers/";
    private static final String INTENTS = "/hyperd/intents/";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Store store;

    public Journal(Store store) {
        this.store = store;
    }

    public void write(SandboxRecord sandbox) {
        store.commit(List.of(Operation.put(SANDBOXES + sandbox.id(), JSON.writeValueAsBytes(sandbox))));
    }

    /// As [#write(SandboxRecord)], with how it was made, in the same instant.
    public void write(SandboxRecord sandbox, List<Step> steps) {
        store.commit(List.of(
                Operation.put(SANDBOXES + sandbox.id(), JSON.writeValueAsBytes(sandbox)),
                Operation.put(STEPS + sandbox.id(), JSON.writeValueAsBytes(steps))));
    }

    /// How a sandbox was made; empty when nobody knows any more.
    public List<Step> steps(String sandboxId) {
        Entry entry = store.get(STEPS + sandboxId).orElse(null);
        try {
            return entry == null ? List.of() : List.of(JSON.readValue(entry.value(), Step[].class));
        } catch (JacksonException unreadable) {
            // Of another version; nothing depends on it.
            return List.of();
        }
    }

    public void write(ContainerRecord container) {
        store.commit(List.of(Operation.put(CONTAINERS + container.id(), JSON.writeValueAsBytes(container))));
    }

    /// Something is begun with a sandbox as a whole.
    public void intend(String sandboxId, Intent intent) {
        store.commit(List.of(Operation.put(INTENTS + sandboxId, JSON.writeValueAsBytes(intent))));
    }

    /// What was begun with a sandbox and is not over.
    public Optional<Intent> intent(String sandboxId) {
        return store.get(INTENTS + sandboxId).map(entry -> JSON.readValue(entry.value(), Intent.class));
    }

    /// It is over. Idempotent.
    public void intentDone(String sandboxId) {
        List<Operation> operations = new ArrayList<>();
        delete(INTENTS + sandboxId, operations);
        if (!operations.isEmpty()) {
            store.commit(operations);
        }
    }

    /// Forgets a sandbox and, in the same instant, its containers.
    public void removeSandbox(String id, List<String> containerIds) {
        List<Operation> operations = new ArrayList<>();
        for (String container : containerIds) {
            delete(CONTAINERS + container, operations);
        }
        delete(STEPS + id, operations);
        delete(INTENTS + id, operations);
        delete(SANDBOXES + id, operations);
        if (!operations.isEmpty()) {
            store.commit(operations);
        }
    }

    public void removeContainer(String id) {
        List<Operation> operations = new ArrayList<>();
        delete(CONTAINERS + id, operations);
        if (!operations.isEmpty()) {
            store.commit(operations);
        }
    }

    /// Forgets containers and, in the same instant, knows others, some of which may have the same ids.
    public void exchangeContainers(Collection<String> formerIds, List<ContainerRecord> next) {
        List<Operation> operations = new ArrayList<>();
        Set<String> stay = next.stream().map(ContainerRecord::id).collect(Collectors.toSet());
        formerIds.stream().filter(id -> !stay.contains(id)).forEach(id -> delete(CONTAINERS + id, operations));
        next.forEach(container -> operations.add(Operation.put(CONTAINERS + container.id(), JSON.writeValueAsBytes(container))));
        if (!operations.isEmpty()) {
            store.commit(operations);
        }
    }

    public List<SandboxRecord> sandboxes() {
        return list(SANDBOXES, SandboxRecord.class);
    }

    public List<ContainerRecord> containers() {
        return list(CONTAINERS, ContainerRecord.class);
    }

    // A deletion of an absent key is refused by the store; to us it is done already.
    private void delete(String key, List<Operation> operations) {
        if (store.get(key).isPresent()) {
            operations.add(Operation.delete(key));
        }
    }

    private <T> List<T> list(String prefix, Class<T> type) {
        List<T> records = new ArrayList<>();
        for (Entry entry : store.list(prefix, "", 0).entries()) {
            try {
                records.add(JSON.readValue(entry.value(), type));
            } catch (JacksonException unreadable) {
                throw new IllegalStateException(
                        "The journal entry " + entry.key() + " cannot be read: " + unreadable.getOriginalMessage()
                                + ". It was written by another version; remove the pods with that version first.",
                        unreadable);
            }
        }
        return records;
    }
}
