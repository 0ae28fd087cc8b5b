package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;

/// The ConfigMaps and Secrets of which one step needs something. Each is read once, however often it is named, and of each only those keys are kept that are
/// named: so thousands of names cost the API server no more than there are objects, and this process no more than is used of them. For one thread.
public final class NamedObjects {
    /// How many of them one step may need.
    static final int MOST_OBJECTS = 1000;

    private enum Type {
        CONFIG_MAP,
        SECRET
    }

    private record Reference(Type type, String name) {}

    /// What is needed of an object.
    private static final class Need {
        private final Set<String> keys = new HashSet<>();
        private boolean all;

        boolean has(String key) {
            return all || keys.contains(key);
        }
    }

    private final Sources sources;
    private final String tenant;
    private final String namespace;
    private final boolean binary;
    private final long mostBytes;
    private final Function<String, RuntimeException> refusal;
    private final Map<Reference, Need> needs = new HashMap<>();
    private final Map<Reference, Optional<Map<String, byte[]>>> read = new HashMap<>();
    private long bytes;

    /// @param binary whether the binary data of ConfigMaps is looked at
    /// @param mostBytes as much may be kept
    /// @param refusal made of a message when that is not enough
    public NamedObjects(Sources sources, String tenant, String namespace, boolean binary, long mostBytes, Function<String, RuntimeException> refusal) {
        this.sources = sources;
        this.tenant = tenant;
        this.namespace = namespace;
        this.binary = binary;
        this.mostBytes = mostBytes;
        this.refusal = refusal;
    }

    /// Says that these keys of a ConfigMap will be needed; to be said of all before the first is read.
    public void needConfigMap(String name, Collection<String> keys) {
        need(new Reference(Type.CONFIG_MAP, name)).keys.addAll(keys);
    }

    /// Says that all of a ConfigMap will be needed.
    public void needConfigMap(String name) {
        need(new Reference(Type.CONFIG_MAP, name)).all = true;
    }

    /// As [#needConfigMap].
    public void needSecret(String name, Collection<String> keys) {
        need(new Reference(Type.SECRET, name)).keys.addAll(keys);
    }

    /// Says that all of a Secret will be needed.
    public void needSecret(String name) {
        need(new Reference(Type.SECRET, name)).all = true;
    }

    private Need need(Reference reference) {
        return needs.computeIfAbsent(reference, _ -> new Need());
    }

    /// What was said to be needed of a ConfigMap, as far as it has it, by key; empty when there is no such ConfigMap.
    public Optional<Map<String, byte[]>> configMap(String name) {
        Reference reference = new Reference(Type.CONFIG_MAP, name);
        return once(reference, () -> sources.configMap(tenant, namespace, name).map(found -> data(found, need(reference))));
    }

    /// What was said to be needed of a Secret, as far as it has it, by key; empty when there is no such Secret.
    public Optional<Map<String, byte[]>> secret(String name) {
        Reference reference = new Reference(Type.SECRET, name);
        return once(reference, () -> sources.secret(tenant, namespace, name).map(found -> data(found, need(reference))));
    }

    /// The bytes that are kept now.
    long bytes() {
        return bytes;
    }

    private Optional<Map<String, byte[]>> once(Reference reference, Supplier<Optional<Map<String, byte[]>>> reading) {
        Optional<Map<String, byte[]>> known = read.get(reference);
        if (known != null) {
            return known;
        }
        if (read.size() >= MOST_OBJECTS) {
            throw refusal.apply("more than " + MOST_OBJECTS + " ConfigMaps and Secrets are named, the most that are read for one pod");
        }
        Optional<Map<String, byte[]>> found = reading.get();
        read.put(reference, found);
        return found;
    }

    private Map<String, byte[]> data(ConfigMap found, Need need) {
        Map<String, byte[]> kept = new TreeMap<>();
        found.getData().forEach((key, text) -> keep(kept, need, key, text, false));
        if (binary) {
            found.getBinaryData().forEach((key, text) -> keep(kept, need, key, text, true));
        }
        return kept;
    }

    private Map<String, byte[]> data(Secret found, Need need) {
        Map<String, byte[]> kept = new TreeMap<>();
        found.getData().forEach((key, text) -> keep(kept, need, key, text, true));
        return kept;
    }

    private void keep(Map<String, byte[]> kept, Need need, String key, String text, boolean base64) {
        if (!need.has(key)) {
            return;
        }
        byte[] value = base64 ? Base64.getDecoder().decode(text) : text.getBytes(StandardCharsets.UTF_8);
        bytes += value.length + key.length();
        if (bytes > mostBytes) {
            throw refusal.apply("what is named of ConfigMaps and Secrets comes to more than " + mostBytes + " bytes, the most that is taken");
        }
        kept.put(key, value);
    }
}
