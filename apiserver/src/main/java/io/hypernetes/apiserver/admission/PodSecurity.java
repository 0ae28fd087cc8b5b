package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The Pod Security levels of a namespace, told by its labels: a pod that violates the level to `enforce` is refused, the level to `warn` is
/// told to the client.
///
/// A pod here is a machine of its own, so `privileged` gives nothing of the host away; a namespace that wants the levels gets them all the same,
/// with the meaning and the words that they have elsewhere. The version of a level is always the latest.
public final class PodSecurity {
    private static final String LABEL = "pod-security.kubernetes.io/";
    private static final List<String> LEVELS = List.of("privileged", "baseline", "restricted");

    private PodSecurity() {}

    /// Checks a new pod, or one whose containers change.
    ///
    /// @param namespace the pod's Namespace
    /// @param warn gets what the client is to be told
    /// @throws io.hypernetes.objects.ApiException 403 when the pod violates the level to enforce
    public static void pod(ObjectNode namespace, ObjectNode pod, Consumer<String> warn) {
        var enforced = violations(level(namespace, "enforce"), pod);
        if (!enforced.isEmpty()) {
            throw ApiStatus.forbidden(
                            "",
                            "pods",
                            Json.string(pod, "metadata", "name"),
                            "violates PodSecurity \"%s\": %s".formatted(shown(namespace, "enforce"), String.join(", ", enforced)))
                    .asException();
        }
        template(namespace, pod, warn);
    }

    /// Tells of a pod template what its pods will meet; only pods themselves are refused.
    ///
    /// @param template has `metadata` and `spec`
    public static void template(ObjectNode namespace, JsonNode template, Consumer<String> warn) {
        var warned = violations(level(namespace, "warn"), template);
        if (!warned.isEmpty()) {
            warn.accept("would violate PodSecurity \"%s\": %s".formatted(shown(namespace, "warn"), String.join(", ", warned)));
        }
    }

    /// What in a pod violates a level; empty when nothing does.
    ///
    /// @param level `privileged`, `baseline` or `restricted`; any other is taken for the last
    static List<String> violations(String level, JsonNode pod) {
        if (level.equals("privileged")) {
            return List.of();
        }
        var found = new ArrayList<PodSecurityChecks.Finding>();
        var checks = new PodSecurityChecks(pod, found::add);
        checks.baseline();
        if (!level.equals("baseline")) {
            checks.restricted();
        }
        return found.stream().map(PodSecurityChecks.Finding::text).toList();
    }

    private static String level(ObjectNode namespace, String mode) {
        var label = Json.string(namespace, "metadata", "labels", LABEL + mode);
        return label.isEmpty() ? "privileged" : label;
    }

    private static String shown(ObjectNode namespace, String mode) {
        var version = Json.string(namespace, "metadata", "labels", LABEL + mode + "-version");
        var level = level(namespace, mode);
        return (LEVELS.contains(level) ? level : "restricted") + ":" + (version.isEmpty() ? "latest" : version);
    }
}
