package io.hypernetes.network.cni;

import io.hypernetes.linux.ErrnoException;
import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.HostNameservers;
import io.hypernetes.network.Network;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.PortMapping;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Pods on whatever network the host's CNI plugins make. Needs root, `ip` and `tc`.
///
/// What is asked of the plugins is in the store before they are asked, with the configuration that was in force; so whatever they made is
/// deleted by the same one, also after a crash in the middle and after the configuration has changed. A pod whose deletion fails keeps
/// its record and is tried again by the next [#detach].
public final class CniNetwork implements Network {
    private static final Logger LOG = LoggerFactory.getLogger(CniNetwork.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final CniSettings settings;
    private final Store store;
    private final String prefix;
    private final CniPlugins plugins;
    private final PodNamespaces namespaces;
    private final Map<String, Pod> pods = new ConcurrentHashMap<>();
    /// One of them is held while a sandbox is added or deleted.
    private final List<ReentrantLock> locks = Stream.generate(ReentrantLock::new).limit(64).toList();

    /// One pod as it is kept.
    ///
    /// @param configuration with which it was added
    /// @param result of the add; null before it has ended well
    /// @param attachment likewise
    record Pod(
            String sandboxId,
            String namespace,
            String name,
            List<PortMapping> ports,
            String configuration,
            @Nullable JsonNode result,
            @Nullable Attachment attachment) {}

    /// Reads what is attached; what changed meanwhile is told in the log.
    ///
    /// @param store keeps the attachments, below a prefix with the settings' mark; stays the caller's
    public CniNetwork(CniSettings settings, Store store) {
        this.settings = settings;
        this.store = store;
        this.prefix = "/network/cni/" + settings.mark() + "/";
        this.plugins = new CniPlugins(settings.plugins());
        this.namespaces = new PodNamespaces(settings.mark());
        for (Entry entry : store.list(prefix, "", 0).entries()) {
            Pod pod = JSON.readValue(entry.value(), Pod.class);
            pods.put(pod.sandboxId(), pod);
        }
        pods.values().forEach(this::verify);
        collect();
        LOG.info("event=network-ready driver=cni configurations={} attachments={}", settings.configurations(), pods.size());
    }

    /// Whether a store tells of pods that were attached by this driver and are not detached yet.
    public static boolean isInUse(CniSettings settings, Store store) {
        return !store.list("/network/cni/" + settings.mark() + "/", "", 1).entries().isEmpty();
    }

    private void verify(Pod pod) {
        JsonNode result = pod.result();
        if (result == null) {
            return;
        }
        try {
            chain(pod).check(of(pod), result);
        } catch (NetworkException changed) {
            LOG.warn("event=attachment-changed sandbox={} error=\"{}\"", pod.sandboxId(), changed.getMessage());
        }
    }

    private void collect() {
        try {
            new CniChain(CniConfiguration.load(settings.configurations()), plugins).collect(pods.keySet());
        } catch (NetworkException later) {
            LOG.info("event=network-not-collected reason=\"{}\"", later.getMessage());
        }
    }

    @Override
    public Attachment attach(AttachmentRequest request) {
        if (request.membership().isConfined()) {
            throw new NetworkException("sandbox " + request.sandboxId() + " asks for groups, which networks of CNI plugins do not know");
        }
        return holding(request.sandboxId(), () -> {
            Pod known = pods.get(request.sandboxId());
            if (known != null && known.attachment() != null) {
                return known.attachment();
            }
            if (known != null) {
                delete(known);
            }
            CniConfiguration configuration = CniConfiguration.load(settings.configurations());
            // Asked before anything is made, as without them nothing could be deleted.
            configuration.plugins().forEach(plugin -> plugins.find(plugin.path("type").asString()));
            Pod pod = new Pod(
                    request.sandboxId(), request.namespace(), request.pod(), request.ports(), configuration.text(), null, null);
            keep(pod);
            try {
                return add(pod);
            } catch (RuntimeException failure) {
                undo(pod);
                throw failure;
            }
        });
    }

    private Attachment add(Pod pod) {
        namespaces.make(pod.sandboxId());
        JsonNode result = chain(pod).add(of(pod));
        List<String> nameservers = texts(result.path("dns").path("nameservers"));
        Attachment attachment = namespaces.attachment(
                pod.sandboxId(),
                nameservers.isEmpty() ? HostNameservers.usable() : nameservers,
                texts(result.path("dns").path("search")));
        keep(new Pod(pod.sandboxId(), pod.namespace(), pod.name(), pod.ports(), pod.configuration(), result, attachment));
        return attachment;
    }

    // Whatever was made is deleted; what cannot be is tried again when the sandbox is detached.
    private void undo(Pod pod) {
        try {
            delete(pod);
        } catch (RuntimeException left) {
            LOG.warn("event=attachment-left sandbox={} error=\"{}\"", pod.sandboxId(), left.getMessage());
        }
    }

    @Override
    public Tap openTap(Attachment attachment) {
        String sandbox = attachment.sandboxId();
        return holding(sandbox, () -> {
            Pod pod = pods.get(sandbox);
            if (pod == null || pod.attachment() == null) {
                throw new NetworkException("sandbox " + sandbox + " has no attachment; attach it before opening its tap");
            }
            try {
                return new Tap("tap0", namespaces.openTap(sandbox, attachment.mtu()));
            } catch (ErrnoException failure) {
                throw new NetworkException("making the tap of sandbox " + sandbox + " in " + namespaces.path(sandbox) + " ("
                        + (failure.errno() == ErrnoException.EBUSY
                                ? "another process has it open: is the sandbox's machine still running?"
                                : "needs root and /dev/net/tun")
                        + "): " + failure.getMessage(), failure);
            }
        });
    }

    @Override
    public void detach(String sandboxId) {
        holding(sandboxId, () -> {
            Pod pod = pods.get(sandboxId);
            if (pod != null) {
                delete(pod);
            } else {
                namespaces.remove(sandboxId);
            }
            return sandboxId;
        });
    }

    private void delete(Pod pod) {
        JsonNode result = pod.result();
        namespaces.dropHalfMade(pod.sandboxId());
        chain(pod).delete(of(pod), result);
        namespaces.remove(pod.sandboxId());
        store.commit(List.of(Operation.delete(prefix + pod.sandboxId())));
        pods.remove(pod.sandboxId());
    }

    private void keep(Pod pod) {
        store.commit(List.of(Operation.put(prefix + pod.sandboxId(), JSON.writeValueAsString(pod).getBytes(StandardCharsets.UTF_8))));
        pods.put(pod.sandboxId(), pod);
    }

    private CniChain chain(Pod pod) {
        return new CniChain(CniConfiguration.parse(pod.configuration(), "kept for sandbox " + pod.sandboxId()), plugins);
    }

    private CniChain.Pod of(Pod pod) {
        return new CniChain.Pod(pod.sandboxId(), pod.namespace(), pod.name(), namespaces.path(pod.sandboxId()), pod.ports());
    }

    @Override
    public Set<String> attachments() {
        Set<String> all = new HashSet<>(namespaces.present());
        all.addAll(pods.keySet());
        return all;
    }

    /// Other nodes are the plugins' business.
    @Override
    public void setPeers(List<Peer> peers) {
        LOG.debug("event=peers-left-to-plugins peers={}", peers.size());
    }

    @Override
    public Optional<String> trouble() {
        try {
            CniConfiguration.load(settings.configurations());
            return Optional.empty();
        } catch (NetworkException missing) {
            return Optional.of(String.valueOf(missing.getMessage()));
        }
    }

    @Override
    public void close() {
        LOG.info("event=network-closed driver=cni");
    }

    private interface Action<T> {
        T run();
    }

    private <T> T holding(String sandbox, Action<T> action) {
        ReentrantLock lock = locks.get(Math.floorMod(sandbox.hashCode(), locks.size()));
        lock.lock();
        try {
            return action.run();
        } finally {
            lock.unlock();
        }
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asString("")));
        return texts;
    }
}
