package io.hypernetes.objects.kind;

import io.hypernetes.objects.CaBundle;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.crd.DefinitionCheck;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// CustomResourceDefinitions: their form.
final class CustomResourceDefinitionRules implements KindRules {
    /// In bytes.
    private static final int LONGEST_WARNING = 256;
    private static final String[] BUNDLE = {"conversion", "webhook", "clientConfig", "caBundle"};

    @Override
    public void defaults(ObjectNode definition) {
        ObjectNode spec = Json.child(definition, "spec");
        ObjectNode names = Json.child(spec, "names");
        String kind = Json.string(names, "kind");
        if (!kind.isEmpty()) {
            Json.setDefault(names, "singular", kind.toLowerCase(Locale.ROOT));
            Json.setDefault(names, "listKind", kind + "List");
        }
        ObjectNode conversion = Json.child(spec, "conversion");
        Json.setDefault(conversion, "strategy", "None");
        if (conversion.path("webhook").path("clientConfig").get("service") instanceof ObjectNode service) {
            Json.setDefault(service, "port", 443);
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    /// The versions in which objects may be stored are remembered from the beginning.
    @Override
    public void prepareCreate(ObjectNode definition) {
        remember(definition, Json.child(definition, "status"));
    }

    @Override
    public void prepareUpdate(ObjectNode definition, ObjectNode old, @Nullable String subresource) {
        if (subresource == null) {
            remember(definition, Json.child(definition, "status"));
        }
    }

    private static void remember(ObjectNode definition, ObjectNode status) {
        for (ObjectNode version : Json.objects(definition.path("spec"), "versions")) {
            if (Json.flag(version, "storage")) {
                var stored = status.withArray("storedVersions");
                String name = Json.string(version, "name");
                boolean known = false;
                for (var each : stored) {
                    known |= each.asString("").equals(name);
                }
                if (!known) {
                    stored.add(name);
                }
            }
        }
    }

    @Override
    public void validate(ObjectNode definition, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(definition);
        String group = Json.string(spec, "group");
        String plural = Json.string(spec, "names", "plural");
        if (group.isEmpty()) {
            errors.required("spec.group", "");
        } else {
            label("spec.group", group, "", Names.subdomain(group), errors);
            if (Names.subdomain(group).isEmpty() && !group.contains(".")) {
                errors.invalid("spec.group", group, "should be a domain with at least one dot");
            }
        }
        String name = Json.string(definition, "metadata", "name");
        if (!name.equals(plural + "." + group)) {
            errors.invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group");
        }
        if (Json.string(spec, "scope").isEmpty()) {
            errors.required("spec.scope", "");
        } else {
            errors.oneOf("spec.scope", Json.string(spec, "scope"), List.of("Cluster", "Namespaced"));
        }
        for (String field : List.of("plural", "singular", "kind", "listKind")) {
            String value = Json.string(spec, "names", field);
            boolean mixed = field.equals("kind") || field.equals("listKind");
            if (value.isEmpty()) {
                errors.required("spec.names." + field, "");
            } else {
                label(
                        "spec.names." + field,
                        value,
                        mixed ? "may have mixed case, but should otherwise match: " : "",
                        Names.label1035(mixed ? value.toLowerCase(Locale.ROOT) : value),
                        errors);
            }
        }
        for (String field : List.of("shortNames", "categories")) {
            int i = 0;
            for (JsonNode each : spec.path("names").path(field)) {
                String value = each.asString("");
                label("spec.names." + field + "[" + i++ + "]", value, "", Names.label1035(value), errors);
            }
        }
        if (!Json.string(spec, "names", "kind").isEmpty()
                && Json.string(spec, "names", "kind").equals(Json.string(spec, "names", "listKind"))) {
            errors.invalid("spec.names.listKind", Json.string(spec, "names", "listKind"), "kind and listKind may not be the same");
        }
        versions(spec, errors);
        if (errors.count() == 0) {
            DefinitionCheck.check(definition).forEach(errors::add);
        }
    }

    @Override
    public void validateBehind(ObjectNode definition, ObjectNode old, Errors errors) {
        errors.addOthers(DefinitionCheck.checkChange(definition, old));
    }

    private static void versions(ObjectNode spec, Errors errors) {
        List<ObjectNode> versions = Json.objects(spec, "versions");
        if (versions.isEmpty()) {
            errors.required("spec.versions", "");
            return;
        }
        Set<String> names = new HashSet<>();
        int stored = 0;
        for (int i = 0; i < versions.size(); i++) {
            String at = "spec.versions[" + i + "]";
            String name = Json.string(versions.get(i), "name");
            label(at + ".name", name, "", Names.label1035(name), errors);
            deprecation(versions.get(i), at + ".deprecationWarning", errors);
            names.add(name);
            stored += Json.flag(versions.get(i), "storage") ? 1 : 0;
            if (!versions.get(i).path("schema").path("openAPIV3Schema").isObject()) {
                errors.required(at + ".schema.openAPIV3Schema", "schemas are required");
            }
        }
        if (names.size() < versions.size()) {
            errors.invalid("spec.versions", spec.path("versions"), "must contain unique version names");
        }
        if (stored != 1) {
            errors.invalid("spec.versions", spec.path("versions"), "must have exactly one version marked as storage version");
        }
        conversion(spec.path("conversion"), errors);
    }

    /// One error for everything that is wrong with a name.
    private static void label(String path, String name, String before, List<String> wrong, Errors errors) {
        if (!wrong.isEmpty()) {
            errors.invalid(path, name, before + String.join(",", wrong));
        }
    }

    private static void deprecation(ObjectNode version, String at, Errors errors) {
        JsonNode given = version.get("deprecationWarning");
        if (given == null || given.isNull()) {
            return;
        }
        String warning = given.asString("");
        if (!Json.flag(version, "deprecated")) {
            errors.invalid(at, warning, "can only be set for deprecated versions");
            return;
        }
        if (warning.getBytes(StandardCharsets.UTF_8).length > LONGEST_WARNING) {
            errors.invalid(at, warning, "must be <= " + LONGEST_WARNING + " characters long");
        }
        if (warning.isEmpty()) {
            errors.invalid(at, warning, "must not be an empty string");
        }
        for (int i = 0; i < warning.length(); i++) {
            if (Character.isISOControl(warning.charAt(i))) {
                int bytes = warning.substring(0, i).getBytes(StandardCharsets.UTF_8).length;
                errors.invalid(
                        at, warning, "must only contain printable UTF-8 characters; non-printable character found at index " + bytes);
                break;
            }
        }
    }

    /// Upstream tells of these fields by the names of its internal form.
    private static void conversion(JsonNode conversion, Errors errors) {
        String strategy = Json.string(conversion, "strategy");
        errors.oneOf("spec.conversion.strategy", strategy, List.of("None", "Webhook"));
        JsonNode client = conversion.path("webhook").path("clientConfig");
        JsonNode versions = conversion.path("webhook").path("conversionReviewVersions");
        if (strategy.equals("Webhook")) {
            if (client.isObject()) {
                WebhookClientValidation.validate(client, "spec.conversion.webhookClientConfig", errors);
            } else {
                errors.required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook");
            }
            reviewVersions(versions, errors);
        } else if (conversion.path("webhook").isObject()) {
            if (client.isObject()) {
                errors.forbidden("spec.conversion.webhookClientConfig", "should not be set when strategy is not set to Webhook");
            }
            if (!versions.isEmpty()) {
                errors.forbidden("spec.conversion.conversionReviewVersions", "should not be set when strategy is not set to Webhook");
            }
        }
    }

    private static void reviewVersions(JsonNode versions, Errors errors) {
        String at = "spec.conversion.conversionReviewVersions";
        if (versions.isEmpty()) {
            errors.required(at, "");
            return;
        }
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < versions.size(); i++) {
            String version = versions.path(i).asString("");
            if (seen.add(version)) {
                errors.invalid(at + "[" + i + "]", version, Names.label1035(version));
            } else {
                errors.invalid(at + "[" + i + "]", version, "duplicate version");
            }
        }
        if (!seen.contains("v1") && !seen.contains("v1beta1")) {
            errors.invalid(at, versions, "must include at least one of v1, v1beta1");
        }
    }

    /// The versions in which objects may lie in the store: no version goes while it is one of them.
    private static void storedVersions(ObjectNode definition, Errors errors) {
        JsonNode stored = definition.path("status").path("storedVersions");
        if (stored.isEmpty()) {
            errors.invalid("status.storedVersions", stored, "must have at least one stored version");
            return;
        }
        Set<String> known = new HashSet<>();
        stored.forEach(version -> known.add(version.asString("")));
        Set<String> present = new HashSet<>();
        for (ObjectNode version : Json.objects(definition.path("spec"), "versions")) {
            String name = Json.string(version, "name");
            present.add(name);
            if (Json.flag(version, "storage") && !known.contains(name)) {
                errors.invalid("status.storedVersions", stored, "must have the storage version " + name);
            }
        }
        for (int i = 0; i < stored.size(); i++) {
            String name = stored.path(i).asString("");
            if (!present.contains(name)) {
                errors.invalid(
                        "status.storedVersions[" + i + "]",
                        name,
                        "missing from spec.versions; " + name
                                + " was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in "
                                + name + " and removes " + name + " from status.storedVersions");
            }
        }
    }

    @Override
    public void validateUpdate(ObjectNode definition, ObjectNode old, @Nullable String subresource, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(definition);
        ObjectNode before = WorkloadValidation.spec(old);
        WorkloadValidation.immutable(spec, before, "spec", "group", errors);
        boolean established = isEstablished(old);
        for (String field : established ? List.of("plural", "kind") : List.of("plural")) {
            String value = Json.string(spec, "names", field);
            if (!value.equals(Json.string(before, "names", field))) {
                errors.invalid("spec.names." + field, value, WorkloadValidation.IMMUTABLE);
            }
        }
        if (established) {
            WorkloadValidation.immutable(spec, before, "spec", "scope", errors);
            String bundle = Json.string(spec, BUNDLE);
            String fault = CaBundle.fault(Json.string(before, BUNDLE)).isEmpty() ? CaBundle.fault(bundle) : "";
            if (!fault.isEmpty()) {
                errors.invalid("spec.conversion.webhookClientConfig.caBundle", bundle, fault);
            }
        }
        storedVersions(definition, errors);
    }

    /// Objects of it may be stored, under the name of its kind.
    private static boolean isEstablished(ObjectNode definition) {
        return Json.objects(definition.path("status"), "conditions").stream()
                .anyMatch(each -> Json.string(each, "type").equals("Established") && Json.string(each, "status").equals("True"));
    }

    @Override
    public Layout layout() {
        return Layout.CREATED;
    }
}
