package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The Pod Security levels of a namespace, told by its labels: a pod that violates the level to `enforce` is refused, the level to `warn` is
/// told to the client, and the level to `audit` to whoever reads of the request (`EvaluatePod` of upstream's
/// `staging/src/k8s.io/pod-security-admission/admission/admission.go`).
///
/// A pod here is a machine of its own, so `privileged` gives nothing of the host away; a namespace that wants the levels gets them all the same,
/// with the meaning and the words that they have elsewhere. The version of a level is always the latest.
public final class PodSecurity {
    private static final String LABEL = "pod-security.kubernetes.io/";
    private static final List<String> MODES = List.of("enforce", "audit", "warn");
    private static final int MOST_EXISTING = 3_000;
    private static final List<String> LEVELS = List.of("privileged", "baseline", "restricted");

    private PodSecurity() {}

    /// Checks a new pod, or one whose containers change.
    ///
    /// @param namespace the pod's Namespace
    /// @param warn gets what the client is to be told
    /// @param annotate gets what is told of the request, by its key
    /// @throws io.hypernetes.objects.ApiException 403 when the pod violates the level to enforce
    public static void pod(ObjectNode namespace, ObjectNode pod, Consumer<String> warn, BiConsumer<String, String> annotate) {
        var level = level(namespace, "enforce");
        annotate.accept(LABEL + "enforce-policy", shown(namespace, "enforce"));
        var enforced = violations(level, pod);
        audit(namespace, level(namespace, "audit").equals(level) ? enforced : null, pod, annotate);
        if (!enforced.isEmpty()) {
            throw ApiStatus.forbidden(
                            "",
                            "pods",
                            Json.string(pod, "metadata", "name"),
                            "violates PodSecurity \"%s\": %s".formatted(shown(namespace, "enforce"), String.join(", ", enforced)))
                    .asException();
        }
        warn(namespace, pod, warn);
    }

    /// @param known what violates the level when that was found already; null when not
    private static void audit(ObjectNode namespace, @Nullable List<String> known, JsonNode pod, BiConsumer<String, String> annotate) {
        var violated = known == null ? violations(level(namespace, "audit"), pod) : known;
        if (!violated.isEmpty()) {
            annotate.accept(LABEL + "audit-violations", told(namespace, "audit", violated));
        }
    }

    private static String told(ObjectNode namespace, String mode, List<String> violated) {
        return "would violate PodSecurity \"%s\": %s".formatted(shown(namespace, mode), String.join(", ", violated));
    }

    /// Tells of a pod template what its pods will meet; only pods themselves are refused.
    ///
    /// @param template has `metadata` and `spec`
    public static void template(ObjectNode namespace, JsonNode template, Consumer<String> warn, BiConsumer<String, String> annotate) {
        audit(namespace, null, template, annotate);
        warn(namespace, template, warn);
    }

    private static void warn(ObjectNode namespace, JsonNode template, Consumer<String> warn) {
        var warned = violations(level(namespace, "warn"), template);
        if (!warned.isEmpty()) {
            warn.accept(told(namespace, "warn", warned));
        }
    }

    /// Checks the labels of a new or changed Namespace, and tells which of its pods would be refused by a level that it newly enforces.
    ///
    /// @param old the state before; an empty object for a new namespace
    /// @param pods those of the namespace, asked for only when they matter
    /// @throws io.hypernetes.objects.ApiException 422 when a label says no level or version
    public static void namespace(ObjectNode namespace, ObjectNode old, Supplier<List<ObjectNode>> pods, Consumer<String> warn) {
        var wrong = new ArrayList<FieldError>();
        for (var mode : MODES) {
            var level = Json.string(namespace, "metadata", "labels", LABEL + mode);
            var version = Json.string(namespace, "metadata", "labels", LABEL + mode + "-version");
            if (!level.isEmpty() && !LEVELS.contains(level)) {
                wrong.add(FieldError.invalid(
                        "metadata.labels[" + LABEL + mode + "]", level, "must be one of " + String.join(", ", LEVELS)));
            }
            if (!version.isEmpty() && !version.equals("latest") && !version.matches("v1\\.(0|[1-9][0-9]{0,4})")) {
                wrong.add(FieldError.invalid(
                        "metadata.labels[" + LABEL + mode + "-version]", version, "must be \"latest\" or \"v1.x\""));
            }
        }
        if (!wrong.isEmpty()) {
            throw ApiStatus.invalid("", "Namespace", Json.string(namespace, "metadata", "name"), wrong).asException();
        }
        var level = level(namespace, "enforce");
        if (LEVELS.indexOf(level) > Math.max(0, LEVELS.indexOf(level(old, "enforce")))) {
            existing(namespace, level, pods.get(), warn);
        }
    }

    private static void existing(ObjectNode namespace, String level, List<ObjectNode> pods, Consumer<String> warn) {
        var names = new TreeMap<String, List<String>>();
        for (var pod : pods.subList(0, Math.min(MOST_EXISTING, pods.size()))) {
            var found = violations(level, pod);
            if (!found.isEmpty()) {
                var what = found.stream().map(text -> text.substring(0, text.indexOf(" ("))).toList();
                names.computeIfAbsent(String.join(", ", what), _ -> new ArrayList<>()).add(Json.string(pod, "metadata", "name"));
            }
        }
        if (names.isEmpty()) {
            return;
        }
        warn.accept("existing pods in namespace \"%s\" violate the new PodSecurity enforce level \"%s\""
                .formatted(Json.string(namespace, "metadata", "name"), shown(namespace, "enforce")));
        names.forEach((what, who) -> {
            int others = who.size() - 1;
            var more = others == 0 ? "" : " (and " + others + " other pod" + (others == 1 ? ")" : "s)");
            warn.accept(who.getFirst() + more + ": " + what);
        });
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
