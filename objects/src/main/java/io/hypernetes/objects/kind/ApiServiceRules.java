package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
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
    public List<String> checkName(String name) {
        return RoleRules.pathSegment(name);
    }

    /// In the order of ValidateAPIService of upstream's `staging/src/k8s.io/kube-aggregator/pkg/apis/apiregistration/validation/validation.go`.
    @Override
    public void validate(ObjectNode service, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(service);
        String version = Json.string(spec, "version");
        String group = Json.string(spec, "group");
        String name = Json.string(service, "metadata", "name");
        if (RoleRules.pathSegment(name).isEmpty() && !name.equals(version + "." + group)) {
            errors.invalid("metadata.name", name, "must be `spec.version+\".\"+spec.group`: " + FieldError.quoted(version + "." + group));
        }
        if (!group.isEmpty()) {
            errors.invalid("spec.group", group, Names.subdomain(group));
        } else if (!version.equals("v1")) {
            errors.required("spec.group", "only v1 may have an empty group and it better be legacy kube");
        }
        errors.invalid("spec.version", version, Names.label1035(version));
        for (String priority : List.of("groupPriorityMinimum", "versionPriority")) {
            long most = priority.equals("versionPriority") ? 1000 : 20_000;
            long value = Json.number(spec, 0, priority);
            if (value <= 0 || value > most) {
                errors.invalid("spec." + priority, value, "must be positive and less than " + most);
            }
        }
        long bundle = ConfigMapRules.decodedBytes(spec.path("caBundle"));
        boolean trusting = Json.flag(spec, "insecureSkipTLSVerify");
        if (!spec.path("service").isObject()) {
            if (bundle > 0) {
                errors.invalid("spec.caBundle", bundle + " bytes", "local APIServices may not have a caBundle");
            }
            if (trusting) {
                errors.invalid("spec.insecureSkipTLSVerify", spec.path("insecureSkipTLSVerify"), "local APIServices may not have insecureSkipTLSVerify");
            }
            return;
        }
        for (String field : List.of("namespace", "name")) {
            if (Json.string(spec, "service", field).isEmpty()) {
                errors.required("spec.service." + field, "");
            }
        }
        long port = Json.number(spec, 443, "service", "port");
        if (port < 1 || port > 65535) {
            errors.invalid("spec.service.port", port, "port is not valid: must be between 1 and 65535, inclusive");
        }
        if (trusting && bundle > 0) {
            errors.invalid("spec.insecureSkipTLSVerify", spec.path("insecureSkipTLSVerify"), "may not be true if caBundle is present");
        }
    }

    @Override
    public void validateStatus(ObjectNode service, ObjectNode old, Errors errors) {
        errors.addNew(now -> conditions(service, now), before -> conditions(old, before));
    }

    private static void conditions(ObjectNode service, Errors errors) {
        List<ObjectNode> conditions = Json.objects(service.path("status"), "conditions");
        for (int i = 0; i < conditions.size() && !errors.isFull(); i++) {
            errors.oneOf("status.conditions[" + i + "].status", Json.string(conditions.get(i), "status"), List.of("True", "False", "Unknown"));
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
