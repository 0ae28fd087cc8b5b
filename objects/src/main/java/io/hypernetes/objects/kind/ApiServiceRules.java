package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// APIServices.
final class ApiServiceRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .cell("Service", "Who serves the version.", s -> s.path("spec").path("service").isObject()
                    ? Json.string(s, "spec", "service", "namespace") + "/" + Json.string(s, "spec", "service", "name")
                    : "Local")
            .cell("Available", "Whether it answers.", ApiServiceRules::available)
            .age();

    /// Whoever uses the kind that has no effect is told each time.
    @Override
    public String deprecation() {
        return "APIServices are stored, but no request is passed on to their servers: define a CustomResourceDefinition instead";
    }

    @Override
    public void defaults(ObjectNode service) {
        if (service.path("spec").get("service") instanceof ObjectNode reference) {
            Json.setDefault(reference, "port", 443);
        }
    }

    @Override
    public void validate(ObjectNode service, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(service);
        String version = Json.string(spec, "version");
        String group = Json.string(spec, "group");
        String name = Json.string(service, "metadata", "name");
        if (!name.equals(version + "." + group)) {
            errors.invalid("metadata.name", name, "must be `spec.version+\".\"+spec.group`: \"" + version + "." + group + "\"");
        }
        if (version.isEmpty()) {
            errors.required("spec.version", "");
        } else {
            errors.invalid("spec.version", version, Names.label1035(version));
        }
        for (String priority : List.of("groupPriorityMinimum", "versionPriority")) {
            long most = priority.equals("versionPriority") ? 1000 : 20_000;
            long value = Json.number(spec, 0, priority);
            if (value <= 0 || value > most) {
                errors.invalid("spec." + priority, value, "must be positive and less than " + (most == 1000 ? "1000" : "20000"));
            }
        }
        if (!spec.path("service").isObject()) {
            if (!Json.string(spec, "caBundle").isEmpty()) {
                errors.invalid("spec.caBundle", "(" + Json.string(spec, "caBundle").length() + " bytes)", "local APIServices may not have a caBundle");
            }
            if (Json.flag(spec, "insecureSkipTLSVerify")) {
                errors.invalid("spec.insecureSkipTLSVerify", Json.text("true"), "local APIServices may not have insecureSkipTLSVerify");
            }
            return;
        }
        for (String field : List.of("namespace", "name")) {
            if (Json.string(spec, "service", field).isEmpty()) {
                errors.required("spec.service." + field, "");
            }
        }
    }

    private static String available(ObjectNode service) {
        for (ObjectNode condition : Json.objects(service.path("status"), "conditions")) {
            if (Json.string(condition, "type").equals("Available")) {
                String status = Json.string(condition, "status");
                String reason = Json.string(condition, "reason");
                return status.equals("True") || reason.isEmpty() ? status : status + " (" + reason + ")";
            }
        }
        return "Unknown";
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
