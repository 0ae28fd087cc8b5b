package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a pod or a template says that has a newer form, does nothing, or hides something else: told in upstream's words.
final class UsualPodWarnings {
    private static final Map<String, String> OLD_ANNOTATIONS = Map.of(
            "scheduler.alpha.kubernetes.io/critical-pod", "non-functional in v1.16+; use the \"priorityClassName\" field instead",
            "security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead",
            "security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead");
    private static final String SECCOMP = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    private static final String APP_ARMOR = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
    private static final List<String> IN_BYTES = List.of("memory", "ephemeral-storage");
    private static final String NOBODY = ".labelSelector: a null labelSelector results in matching no pod";

    private final JsonNode spec;
    private final String above;
    private final String path;
    private final JsonNode annotations;
    private final Told told;

    private UsualPodWarnings(JsonNode metadata, JsonNode spec, String above, Told told) {
        this.annotations = metadata.path("annotations");
        this.spec = spec;
        this.above = above;
        this.path = above + "spec";
        this.told = told;
    }

    /// @param metadata of the pod or its template
    /// @param above where both stand, ending in a dot unless it is empty
    static void tell(JsonNode metadata, JsonNode spec, String above, Consumer<String> warn) {
        new UsualPodWarnings(metadata, spec, above, new Told(warn)).run();
    }

    private void run() {
        placement();
        if (!annotations.isEmpty()) {
            OLD_ANNOTATIONS.forEach(this::annotation);
        }
        volumes();
        PathWarnings.tell(spec, told);
        twice("hostAliases", "ip");
        twice("imagePullSecrets", "name");
        names();
        fractions(spec.path("overhead"), () -> path, ".overhead", IN_BYTES, told);
        if (!spec.path("securityContext").has("seccompProfile")) {
            annotation("seccomp.security.alpha.kubernetes.io/pod", SECCOMP);
        }
        each(this::container);
        PortWarnings ports = new PortWarnings(told);
        each(ports::look);
        each(ports::names);
        if (Json.number(spec, 0, "terminationGracePeriodSeconds") < 0) {
            told.say(path + ".terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1");
        }
        affinity("podAffinity");
        affinity("podAntiAffinity");
        JsonNode servers = spec.path("dnsConfig").path("nameservers");
        if (!servers.isEmpty()) {
            AddressWarnings.addresses(servers, path + ".dnsConfig.nameservers", told);
        }
        List<ObjectNode> aliases = Json.objects(spec, "hostAliases");
        for (int i = 0; i < aliases.size(); i++) {
            AddressWarnings.address(Json.string(aliases.get(i), "ip"), path + ".hostAliases[" + i + "].ip", told);
        }
    }

    /// Warns of limits and requests of bytes that are no whole number.
    static void resources(JsonNode resources, String path, List<String> names, Told told) {
        fractions(resources.path("limits"), () -> path, ".limits", names, told);
        fractions(resources.path("requests"), () -> path, ".requests", names, told);
    }

    private static void fractions(JsonNode amounts, Supplier<String> path, String part, List<String> names, Told told) {
        for (String name : names) {
            String text = Json.string(amounts, name);
            if (isFraction(text)) {
                told.say(path.get() + part + "[" + name + "]: fractional byte value \"" + Quantity.parse(text) + "\" is invalid, must be an integer");
            }
        }
    }

    private static boolean isFraction(String text) {
        try {
            return !text.isEmpty() && Quantity.parse(text).decimal().stripTrailingZeros().scale() > 0;
        } catch (IllegalArgumentException e) {
            // Validation tells that it is no quantity.
            return false;
        }
    }

    private void annotation(String key, String what) {
        if (annotations.has(key)) {
            told.say(above + "metadata.annotations[" + key + "]: " + what);
        }
    }

    private void placement() {
        JsonNode selector = spec.path("nodeSelector");
        if (!selector.isEmpty()) {
            NodeLabelWarnings.labels(selector, path + ".nodeSelector[", "]", told);
        }
        JsonNode affinity = spec.path("affinity").path("nodeAffinity");
        if (!affinity.isEmpty()) {
            nodeAffinity(affinity);
        }
        List<ObjectNode> spread = Json.objects(spec, "topologySpreadConstraints");
        for (int i = 0; i < spread.size(); i++) {
            String constraint = path + ".topologySpreadConstraints[" + i + "]";
            NodeLabelWarnings.key(Json.string(spread.get(i), "topologyKey"), constraint + ".topologyKey", told);
            selected(spread.get(i), constraint);
        }
    }

    private void nodeAffinity(JsonNode affinity) {
        String at = path + ".affinity.nodeAffinity.";
        String required = "requiredDuringSchedulingIgnoredDuringExecution";
        NodeLabelWarnings.selector(affinity.path(required), at + required, told);
        List<ObjectNode> preferred = Json.objects(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
        for (int i = 0; i < preferred.size(); i++) {
            String preference = at + "preferredDuringSchedulingIgnoredDuringExecution[" + i + "].preference";
            NodeLabelWarnings.expressions(preferred.get(i).path("preference"), preference, told);
            NodeLabelWarnings.values(preferred.get(i).path("preference"), preference, told);
        }
    }

    private void affinity(String kind) {
        JsonNode affinity = spec.path("affinity").path(kind);
        if (affinity.isEmpty()) {
            return;
        }
        String at = path + ".affinity." + kind + ".";
        List<ObjectNode> required = Json.objects(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
        for (int i = 0; i < required.size(); i++) {
            selected(required.get(i), at + "requiredDuringSchedulingIgnoredDuringExecution[" + i + "]");
        }
        List<ObjectNode> preferred = Json.objects(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
        for (int i = 0; i < preferred.size(); i++) {
            selected(preferred.get(i).path("podAffinityTerm"), at + "preferredDuringSchedulingIgnoredDuringExecution[" + i + "].podAffinityTerm");
        }
    }

    private void selected(JsonNode term, String at) {
        if (!Json.present(term.get("labelSelector"))) {
            told.say(at + NOBODY);
        }
    }

    private void volumes() {
        List<ObjectNode> volumes = Json.objects(spec, "volumes");
        for (int i = 0; i < volumes.size(); i++) {
            JsonNode claim = volumes.get(i).path("ephemeral").path("volumeClaimTemplate").path("spec");
            if (!claim.isEmpty()) {
                resources(claim.path("resources"), path + ".volumes[" + i + "].ephemeral.volumeClaimTemplate.spec.resources", List.of("storage"), told);
            }
        }
    }

    private void twice(String list, String field) {
        Set<String> known = new HashSet<>();
        List<ObjectNode> items = Json.objects(spec, list);
        for (int i = 0; i < items.size(); i++) {
            String value = Json.string(items.get(i), field);
            if (!known.add(value)) {
                told.say(path + "." + list + "[" + i + "]." + field + ": duplicate " + field + " \"" + value + "\"");
            }
        }
    }

    private void names() {
        List<ObjectNode> secrets = Json.objects(spec, "imagePullSecrets");
        for (int i = 0; i < secrets.size(); i++) {
            if (Json.string(secrets.get(i), "name").isEmpty()) {
                told.say(path + ".imagePullSecrets[" + i + "].name: invalid empty name \"\"");
            }
        }
    }

    /// Looks at the containers of all kinds until there is enough to tell. Where one stands is put into words only for something to be told, or there to be
    /// compared with others: most pods have nothing to be warned of, and one may have a hundred thousand containers.
    private void each(BiConsumer<ObjectNode, Supplier<String>> look) {
        for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
            List<ObjectNode> items = Json.objects(spec, list);
            for (int i = 0; i < items.size() && !told.isEnough(); i++) {
                int index = i;
                look.accept(items.get(i), () -> path + "." + list + "[" + index + "]");
            }
        }
    }

    private void container(ObjectNode container, Supplier<String> at) {
        if (!annotations.isEmpty()) {
            profiles(container, Json.string(container, "name"));
        }
        JsonNode resources = container.path("resources");
        if (!resources.isEmpty()) {
            fractions(resources.path("limits"), at, ".resources.limits", IN_BYTES, told);
            fractions(resources.path("requests"), at, ".resources.requests", IN_BYTES, told);
        }
        variables(container, at);
    }

    private void profiles(ObjectNode container, String name) {
        if (!container.path("securityContext").has("seccompProfile")) {
            annotation("container.seccomp.security.alpha.kubernetes.io/" + name, SECCOMP);
        }
        if (!container.path("securityContext").has("appArmorProfile") && !spec.path("securityContext").has("appArmorProfile")) {
            annotation("container.apparmor.security.beta.kubernetes.io/" + name, APP_ARMOR);
        }
    }

    private void variables(ObjectNode container, Supplier<String> at) {
        List<ObjectNode> variables = Json.objects(container, "env");
        Set<String> names = new HashSet<>();
        for (int i = 0; i < variables.size(); i++) {
            String name = Json.string(variables.get(i), "name");
            String value = Json.string(variables.get(i), "value");
            String reference = "$(" + name + ")";
            // One that adds to what it hides is meant so.
            if (!names.add(name) && (value.equals(reference) || !value.contains(reference))) {
                told.say(at.get() + ".env[" + i + "]: hides previous definition of \"" + name + "\", which may be dropped when using apply");
            }
        }
    }
}
