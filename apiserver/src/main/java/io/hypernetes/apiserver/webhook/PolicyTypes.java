package io.hypernetes.apiserver.webhook;

import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import io.hypernetes.apiserver.custom.KindUse;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.ObjectTypes;
import io.hypernetes.objects.cel.TypeCheck;
import io.hypernetes.objects.kind.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Says in the status of a ValidatingAdmissionPolicy what is wrong with its expressions when the kinds that its `matchConstraints` name are known. Upstream's
/// controller (`pkg/controller/validatingadmissionpolicystatus/controller.go`) says it a moment after the policy is written; here whoever writes it waits for it, so that nobody
/// pays for somebody else's expressions. Nothing is said of kinds that there is no room for beside each other.
public final class PolicyTypes {
    private static final int MOST_KINDS = 10;
    /// Of kinds that rules may name, and of texts in a list and of rules: who names more is told of those alone.
    private static final int MOST_LOOKS = 1_000;
    private static final int MOST_TEXTS = 100;
    private static final Duration LONGEST = Duration.ofSeconds(1);

    private final TenantKinds kinds;

    public PolicyTypes(TenantKinds kinds) {
        this.kinds = kinds;
    }

    /// Completes the status of a policy whose spec has changed since it was said.
    public void settle(String tenant, ObjectNode policy) {
        long generation = Json.number(policy, 0, "metadata", "generation");
        if (generation <= Json.number(policy, 0, "status", "observedGeneration")) {
            return;
        }
        var status = Json.child(policy, "status");
        status.put("observedGeneration", generation);
        var checking = status.putObject("typeChecking");
        var warnings = check(tenant, policy.path("spec"));
        if (!warnings.isEmpty()) {
            warnings.forEach(checking.putArray("expressionWarnings")::add);
        }
    }

    private List<ObjectNode> check(String tenant, JsonNode spec) {
        var uses = new ArrayList<KindUse>();
        try {
            var named = named(tenant, spec, uses);
            if (named.isEmpty()) {
                return List.of();
            }
            long end = System.nanoTime() + LONGEST.toNanos();
            var types = new ObjectTypes(kinds.schema());
            var params = parameters(tenant, spec.path("paramKind"), types, uses);
            var subjects = named.stream()
                    .map(kind -> new TypeCheck.Subject(kind.type().group(), kind.type().version(), kind.type().kind(), type(kind, types)))
                    .toList();
            return new TypeCheck(spec, types, subjects, params, () -> System.nanoTime() - end > 0).warnings();
        } finally {
            uses.forEach(KindUse::close);
        }
    }

    /// A kind, in use until `uses` are closed; empty when there is none, or no room for it beside the others.
    private Optional<Kind> find(String tenant, String group, String version, String resource, List<KindUse> uses) {
        var use = kinds.useAtOnce(tenant, group, version, resource);
        if (use == null) {
            return Optional.empty();
        }
        uses.add(use);
        return Optional.of(use.kind());
    }

    private static CelType type(Kind kind, ObjectTypes types) {
        var published = kind.publishedSchema();
        return published == null ? types.builtIn(kind.type().schemaType()) : types.defined(published);
    }

    private CelType parameters(String tenant, JsonNode wanted, ObjectTypes types, List<KindUse> uses) {
        return !wanted.isObject()
                ? SimpleType.DYN
                : kinds.types(tenant).stream()
                        .filter(type -> type.apiVersion().equals(Json.string(wanted, "apiVersion")) && type.kind().equals(Json.string(wanted, "kind")))
                        .findFirst()
                        .flatMap(type -> find(tenant, type.group(), type.version(), type.resource(), uses))
                        .map(kind -> type(kind, types))
                        .orElse(SimpleType.DYN);
    }

    /// The kinds that the rules name one by one, in the order of group, version and kind; a rule with `*` for groups or versions names none.
    private List<Kind> named(String tenant, JsonNode spec, List<KindUse> uses) {
        Set<Kind> named = new LinkedHashSet<>();
        int looks = 0;
        for (var rule : Json.objects(spec.path("matchConstraints"), "resourceRules").stream().limit(MOST_TEXTS).toList()) {
            var groups = texts(rule.path("apiGroups")).toList();
            var versions = texts(rule.path("apiVersions")).toList();
            var resources = texts(rule.path("resources")).filter(resource -> !resource.contains("*") && !resource.contains("/")).toList();
            if (Stream.concat(groups.stream(), versions.stream()).anyMatch(text -> text.contains("*"))) {
                continue;
            }
            for (var group : groups) {
                for (var version : versions) {
                    for (var resource : resources) {
                        if (named.size() < MOST_KINDS && looks++ < MOST_LOOKS) {
                            find(tenant, group, version, resource, uses).ifPresent(named::add);
                        }
                    }
                }
            }
        }
        var sorted = new ArrayList<>(named);
        sorted.sort(Comparator.<Kind, String>comparing(kind -> kind.type().group())
                .thenComparing(kind -> kind.type().version())
                .thenComparing(kind -> kind.type().kind()));
        return sorted;
    }

    private static Stream<String> texts(JsonNode list) {
        return list.valueStream().limit(MOST_TEXTS).map(text -> text.asString("")).distinct().sorted();
    }
}
