package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// IngressClasses.
final class IngressClassRules implements KindRules {
    private static final int CONTROLLER_MAX = 250;
    private static final Layout LAYOUT = Layout.named()
            .text("Controller", "Which controller serves the class.", "spec", "controller")
            .cell("Parameters", "Where the controller finds more.", IngressClassRules::parameters)
            .age();

    @Override
    public void defaults(ObjectNode type) {
        if (type.path("spec").get("parameters") instanceof ObjectNode parameters) {
            Json.setDefault(parameters, "scope", "Cluster");
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode type, Errors errors) {
        String controller = Json.string(type, "spec", "controller");
        if (controller.length() > CONTROLLER_MAX) {
            errors.add(FieldError.tooLong("spec.controller", CONTROLLER_MAX));
        }
        JobPolicies.domainPath(controller, "spec.controller", errors);
        JsonNode parameters = type.path("spec").path("parameters");
        if (!parameters.isObject()) {
            return;
        }
        IngressRules.reference(parameters, "spec.parameters", errors);
        String scope = Json.string(parameters, "scope");
        String namespace = Json.string(parameters, "namespace");
        boolean namespaced = Json.present(parameters.get("namespace"));
        errors.oneOf("spec.parameters.scope", scope, List.of("Cluster", "Namespace"));
        if (scope.equals("Namespace") && !namespaced) {
            errors.required("spec.parameters.namespace", "`parameters.scope` is set to 'Namespace'");
        } else if (scope.equals("Namespace")) {
            errors.invalid("spec.parameters.namespace", namespace, Names.label(namespace));
        } else if (scope.equals("Cluster") && namespaced) {
            errors.forbidden("spec.parameters.namespace", "`parameters.scope` is set to 'Cluster'");
        }
    }

    @Override
    public void validateUpdate(ObjectNode type, ObjectNode old, @Nullable String subresource, Errors errors) {
        WorkloadValidation.immutable(WorkloadValidation.spec(type), WorkloadValidation.spec(old), "spec", "controller", errors);
    }

    private static String parameters(ObjectNode type) {
        JsonNode parameters = type.path("spec").path("parameters");
        if (!parameters.isObject()) {
            return "<none>";
        }
        String group = Json.string(parameters, "apiGroup");
        String kind = Json.string(parameters, "kind");
        return (group.isEmpty() ? kind : kind + "." + group) + "/" + Json.string(parameters, "name");
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
