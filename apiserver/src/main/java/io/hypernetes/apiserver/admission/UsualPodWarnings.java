package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
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

    private final JsonNode metadata;
    private final JsonNode spec;
    private final String above;
    private final String path;
    private final Told told;

    private UsualPodWarnings(JsonNode metadata, JsonNode spec, String above, Told told) {
        this.metadata = metadata;
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
        OLD_ANNOTATIONS.forEach(this::annotation);
        volumes();
        PathWarnings.tell(spec, told);
        twice("hostAliases", "ip");
        twice("imagePullSecrets", "name");
        names();
        fractions(spec.path("overhead"), path + ".overhead", IN_BYTES, told);
        if (!spec.path("securityContext").has("seccompProfile")) {
            annotation("seccomp.security.alpha.kubernetes.io/pod", SECCOMP);
        }
        containers(this::container);
        PortWarnings ports = new PortWarnings(told);
        containers(ports::look);
        containers(ports::names);
        if (Json.number(spec, 0, "terminationGracePeriodSeconds") < 0) {
            told.say(path + ".terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1");
        }
        affinity("podAffinity");
        affinity("podAntiAffinity");
        AddressWarnings.addresses(spec.path("dnsConfig").path("nameservers"), path + ".dnsConfig.nameservers", told);
        List<ObjectNode> aliases = Json.objects(spec, "hostAliases");
        for (int i = 0; i < aliases.size(); i++) {
            AddressWarnings.address(Json.string(aliases.get(i), "ip"), path + ".hostAliases[" + i + "].ip", told);
        }
    }

    /// Warns of limits and requests of bytes that are no whole number.
    static void resources(JsonNode resources, String path, List<String> names, Told told) {
        for (String list : List.of("limits", "requests")) {
            fractions(resources.path(list), path + "." + list, names, told);
        }
    }

    private static void fractions(JsonNode amounts, String path, List<String> names, Told told) {
        for (String name : names) {
            String text = Json.string(amounts, name);
            if (isFraction(text)) {
                told.say(path + "[" + name + "]: fractional byte value \"" + Quantity.parse(text) + "\" is invalid, must be an integer");
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
        if (metadata.path("annotations").has(key)) {
            told.say(above + "metadata.annotations[" + key + "]: " + what);
        }
    }

    private void placement() {
        NodeLabelWarnings.labels(spec.path("nodeSelector"), path + ".nodeSelector[", "]", told);
        JsonNode affinity = spec.path("affinity").path("nodeAffinity");
        String at = path + ".affinity.nodeAffinity.";
        String required = "requiredDuringSchedulingIgnoredDuringExecution";
        NodeLabelWarnings.selector(affinity.path(required), at + required, told);
        List<ObjectNode> preferred = Json.objects(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
        for (int i = 0; i < preferred.size(); i++) {
            String preference = at + "preferredDuringSchedulingIgnoredDuringExecution[" + i + "].preference";
            NodeLabelWarnings.expressions(preferred.get(i).path("preference"), preference, told);
            NodeLabelWarnings.values(preferred.get(i).path("preference"), preference, told);
        }
        List<ObjectNode> spread = Json.objects(spec, "topologySpreadConstraints");
        for (int i = 0; i < spread.size(); i++) {
            String constraint = path + ".topologySpreadConstraints[" + i + "]";
            NodeLabelWarnings.key(Json.string(spread.get(i), "topologyKey"), constraint + ".topologyKey", told);
            selected(spread.get(i), constraint);
        }
    }

    private void affinity(String kind) {
        JsonNode affinity = spec.path("affinity").path(kind);
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
            resources(claim.path("resources"), path + ".volumes[" + i + "].ephemeral.volumeClaimTemplate.spec.resources", List.of("storage"), told);
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

    private void containers(BiConsumer<ObjectNode, String> look) {
        for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
            List<ObjectNode> containers = Json.objects(spec, list);
            for (int i = 0; i < containers.size() && !told.isEnough(); i++) {
                look.accept(containers.get(i), path + "." + list + "[" + i + "]");
            }
        }
    }

    private void container(ObjectNode container, String at) {
        String name = Json.string(container, "name");
        if (!container.path("securityContext").has("seccompProfile")) {
            annotation("container.seccomp.security.alpha.kubernetes.io/" + name, SECCOMP);
        }
        if (!container.path("securityContext").has("appArmorProfile") && !spec.path("securityContext").has("appArmorProfile")) {
            annotation("container.apparmor.security.beta.kubernetes.io/" + name, APP_ARMOR);
        }
        resources(container.path("resources"), at + ".resources", IN_BYTES, told);
        variables(container, at);
    }

    private void variables(ObjectNode container, String at) {
        Set<String> names = new HashSet<>();
        List<ObjectNode> variables = Json.objects(container, "env");
        for (int i = 0; i < variables.size(); i++) {
            String name = Json.string(variables.get(i), "name");
            String value = Json.string(variables.get(i), "value");
            String reference = "$(" + name + ")";
            // One that adds to what it hides is meant so.
            if (!names.add(name) && (value.equals(reference) || !value.contains(reference))) {
                told.say(at + ".env[" + i + "]: hides previous definition of \"" + name + "\", which may be dropped when using apply");
            }
        }
    }
}
