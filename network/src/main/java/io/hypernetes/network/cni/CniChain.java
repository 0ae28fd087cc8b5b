package io.hypernetes.network.cni;

import io.hypernetes.network.NetworkException;
import io.hypernetes.network.PortMapping;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The plugins of one configuration, run for one pod: forwards to add and check, backwards to delete.
final class CniChain {
    /// What the pod's interface is called in its namespace.
    static final String INTERFACE = "eth0";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final CniConfiguration configuration;
    private final CniPlugins plugins;

    CniChain(CniConfiguration configuration, CniPlugins plugins) {
        this.configuration = configuration;
        this.plugins = plugins;
    }

    /// Whom the plugins are run for.
    record Pod(String sandboxId, String namespace, String name, Path netns, List<PortMapping> ports) {}

    /// @return the result of the last plugin
    JsonNode add(Pod pod) {
        JsonNode result = null;
        for (ObjectNode plugin : configuration.plugins()) {
            result = plugins.run(plugin.path("type").asString(), environment("ADD", pod), request(plugin, pod, result))
                    .orElseThrow(() -> new NetworkException(
                            "CNI plugin " + plugin.path("type").asString() + " answered ADD for sandbox " + pod.sandboxId() + " with nothing"));
        }
        if (result == null) {
            throw new NetworkException("network " + configuration.name() + " has no plugins");
        }
        return result;
    }

    /// Nothing where the configuration does not allow it.
    ///
    /// @throws NetworkException when a plugin finds something missing or changed
    void check(Pod pod, JsonNode result) {
        if (configuration.check() && configuration.version().atLeast(CniConfiguration.Version.V040)) {
            for (ObjectNode plugin : configuration.plugins()) {
                plugins.run(plugin.path("type").asString(), environment("CHECK", pod), request(plugin, pod, result));
            }
        }
    }

    /// Every plugin is asked, also when one before it failed.
    ///
    /// @param result of the add; null when it is not known
    /// @throws NetworkException what the first one that failed said
    void delete(Pod pod, @Nullable JsonNode result) {
        NetworkException first = null;
        JsonNode told = configuration.version().atLeast(CniConfiguration.Version.V040) ? result : null;
        for (ObjectNode plugin : configuration.plugins().reversed()) {
            try {
                plugins.run(plugin.path("type").asString(), environment("DEL", pod), request(plugin, pod, told));
            } catch (NetworkException failure) {
                first = first == null ? failure : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }

    /// Tells the plugins which attachments there are, so that they can forget all others. Nothing before version 1.1.0.
    void collect(Collection<String> sandboxIds) {
        if (!configuration.collect() || !configuration.version().atLeast(CniConfiguration.Version.V110)) {
            return;
        }
        for (ObjectNode plugin : configuration.plugins()) {
            ObjectNode request = own(plugin);
            var valid = request.putArray("cni.dev/valid-attachments");
            sandboxIds.forEach(id -> valid.addObject().put("containerID", id).put("ifname", INTERFACE));
            plugins.run(plugin.path("type").asString(), Map.of("CNI_COMMAND", "GC"), JSON.writeValueAsString(request));
        }
    }

    private Map<String, String> environment(String command, Pod pod) {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("CNI_COMMAND", command);
        environment.put("CNI_CONTAINERID", pod.sandboxId());
        environment.put("CNI_NETNS", pod.netns().toString());
        environment.put("CNI_IFNAME", INTERFACE);
        environment.put(
                "CNI_ARGS",
                "IgnoreUnknown=1;K8S_POD_NAMESPACE=" + argument(pod.namespace()) + ";K8S_POD_NAME=" + argument(pod.name())
                        + ";K8S_POD_INFRA_CONTAINER_ID=" + pod.sandboxId());
        return environment;
    }

    private static String argument(String value) {
        if (value.indexOf(';') >= 0 || value.indexOf('=') >= 0) {
            throw new NetworkException("the name `" + value + "` of a pod or namespace cannot be told to CNI plugins: it has `;` or `=` in it");
        }
        return value;
    }

    private ObjectNode own(ObjectNode plugin) {
        ObjectNode own = plugin.deepCopy();
        own.remove("capabilities");
        own.put("cniVersion", configuration.version().text).put("name", configuration.name());
        return own;
    }

    private String request(ObjectNode plugin, Pod pod, @Nullable JsonNode previous) {
        ObjectNode request = own(plugin);
        if (plugin.path("capabilities").path("portMappings").asBoolean(false) && !pod.ports().isEmpty()) {
            var mappings = request.putObject("runtimeConfig").putArray("portMappings");
            for (PortMapping port : pod.ports()) {
                ObjectNode mapping = mappings.addObject()
                        .put("hostPort", port.hostPort())
                        .put("containerPort", port.podPort())
                        .put("protocol", port.protocol().lowerCase());
                if (!port.hostAddress().isEmpty()) {
                    mapping.put("hostIP", port.hostAddress());
                }
            }
        }
        if (previous != null) {
            request.set("prevResult", previous);
        }
        return JSON.writeValueAsString(request);
    }
}
