package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// What a pod or a template says that has a newer form, does nothing, or hides something else: told in upstream's words.
final class UsualPodWarnings {
    private static final Map<String, String> OLD_LABELS = Map.of(
            "beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
            "beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead",
            "failure-domain.beta.kubernetes.io/region", "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
            "failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
            "beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead");
    private static final String SECCOMP = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    private static final String APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";
    private static final List<String> IN_BYTES = List.of("memory", "ephemeral-storage");

    /// A pod may name the same thing thousands of times: nobody reads more warnings than these, and headers have an end.
    private static final int MOST = 20;

    private final Consumer<String> warn;
    private int told;

    private UsualPodWarnings(Consumer<String> warn) {
        this.warn = warn;
    }

    /// @param metadata of the pod or its template
    /// @param above where both stand, ending in a dot unless it is empty
    static void tell(JsonNode metadata, JsonNode spec, String above, Consumer<String> warn) {
        var warnings = new UsualPodWarnings(warn);
        warnings.annotations(metadata.path("annotations"), above + "metadata.annotations");
        warnings.placement(spec, above + "spec");
        warnings.containers(spec, above + "spec");
    }

    /// Warns of quantities of bytes that are no whole number.
    static void fractions(JsonNode resources, String path, List<String> names, Consumer<String> warn) {
        for (String list : List.of("limits", "requests")) {
            for (String name : names) {
                var value = Json.string(resources, list, name);
                if (value.endsWith("m")) {
                    warn.accept(path + "." + list + "[" + name + "]: fractional byte value \"" + value + "\" is invalid, must be an integer");
                }
            }
        }
    }

    private void say(String text) {
        if (told++ < MOST) {
            warn.accept(text);
        }
    }

    private void annotations(JsonNode annotations, String path) {
        for (String key : annotations.propertyNames()) {
            String what = key.equals("seccomp.security.alpha.kubernetes.io/pod") || key.startsWith("container.seccomp.security.alpha.kubernetes.io/")
                    ? SECCOMP
                    : key.startsWith(APP_ARMOR)
                    ? "deprecated since v1.30; use the \"appArmorProfile\" field instead"
                    : key.equals("scheduler.alpha.kubernetes.io/critical-pod")
                    ? "non-functional in v1.16+; use the \"priorityClassName\" field instead"
                    : "";
            if (!what.isEmpty()) {
                say(path + "[" + key + "]: " + what);
            }
        }
    }

    private void placement(JsonNode spec, String path) {
        for (String key : spec.path("nodeSelector").propertyNames()) {
            var old = OLD_LABELS.get(key);
            if (old != null) {
                say(path + ".nodeSelector[" + key + "]: " + old);
            }
        }
        var affinity = spec.path("affinity").path("nodeAffinity");
        var at = path + ".affinity.nodeAffinity.";
        var required = Json.objects(affinity.path("requiredDuringSchedulingIgnoredDuringExecution"), "nodeSelectorTerms");
        for (int i = 0; i < required.size(); i++) {
            term(required.get(i), at + "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[" + i + "]");
        }
        var preferred = Json.objects(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
        for (int i = 0; i < preferred.size(); i++) {
            term(preferred.get(i).path("preference"), at + "preferredDuringSchedulingIgnoredDuringExecution[" + i + "].preference");
        }
        var spread = Json.objects(spec, "topologySpreadConstraints");
        for (int i = 0; i < spread.size(); i++) {
            var constraint = path + ".topologySpreadConstraints[" + i + "]";
            label(Json.string(spread.get(i), "topologyKey"), constraint + ".topologyKey");
            if (!Json.present(spread.get(i).get("labelSelector"))) {
                say(constraint + ".labelSelector: a null labelSelector results in matching no pod");
            }
        }
        if (Json.number(spec, 0, "terminationGracePeriodSeconds") < 0) {
            say(path + ".terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1");
        }
    }

    private void term(JsonNode term, String path) {
        var expressions = Json.objects(term, "matchExpressions");
        for (int i = 0; i < expressions.size(); i++) {
            label(Json.string(expressions.get(i), "key"), path + ".matchExpressions[" + i + "].key");
        }
    }

    private void label(String key, String path) {
        var old = OLD_LABELS.get(key);
        if (old != null) {
            say(path + ": " + key + " is " + old);
        }
    }

    private void containers(JsonNode spec, String path) {
        Map<String, String> ports = new HashMap<>();
        for (String list : List.of("initContainers", "containers")) {
            var containers = Json.objects(spec, list);
            for (int i = 0; i < containers.size(); i++) {
                var at = path + "." + list + "[" + i + "]";
                fractions(containers.get(i).path("resources"), at + ".resources", IN_BYTES, this::say);
                variables(containers.get(i), at);
                if (list.equals("containers")) {
                    ports(containers.get(i), at, ports);
                }
            }
        }
    }

    private void variables(JsonNode container, String path) {
        var names = new HashSet<String>();
        var variables = Json.objects(container, "env");
        for (int i = 0; i < variables.size(); i++) {
            var name = Json.string(variables.get(i), "name");
            // One that speaks of what it hides is meant so.
            if (!names.add(name) && !Json.string(variables.get(i), "value").contains("$(" + name + ")")) {
                say(path + ".env[" + i + "]: hides previous definition of \"" + name + "\", which may be dropped when using apply");
            }
        }
    }

    private void ports(JsonNode container, String path, Map<String, String> seen) {
        var ports = Json.objects(container, "ports");
        for (int i = 0; i < ports.size(); i++) {
            var port = ports.get(i);
            var protocol = Json.string(port, "protocol");
            var key = (protocol.isEmpty() ? "TCP" : protocol) + " " + Json.number(port, 0, "containerPort")
                    + " " + Json.number(port, 0, "hostPort") + " " + Json.string(port, "hostIP");
            var at = path + ".ports[" + i + "]";
            var first = seen.putIfAbsent(key, at);
            if (first != null) {
                say(at + ": duplicate port definition with " + first);
            }
        }
    }
}
