package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Rules of what is told in `status` that several kinds share.
final class StatusValidation {
    private static final int LONGEST_REASON = 1 << 10;
    private static final int LONGEST_MESSAGE = 32 << 10;
    private static final String REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
    private static final String REASON_HINT = "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must"
            + " end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '"
            + REASON + "')";

    private StatusValidation() {}

    /// Numbers that may be absent but not negative.
    static void counts(ObjectNode object, Errors errors, List<String> fields) {
        fields.forEach(field -> errors.notNegative("status." + field, number(object, field)));
    }

    /// Numbers that are parts of all replicas.
    static void parts(ObjectNode object, Errors errors, List<String> fields) {
        for (String field : fields) {
            if (number(object, field) > number(object, "replicas")) {
                errors.invalid("status." + field, number(object, field), "cannot be greater than status.replicas");
            }
        }
    }

    /// @param ready how upstream calls the number of those that are ready
    static void available(ObjectNode object, Errors errors, String ready) {
        long available = number(object, "availableReplicas");
        if (available > number(object, "readyReplicas")) {
            errors.invalid("status.availableReplicas", available, "cannot be greater than " + ready);
        }
    }

    /// How often a name was taken already is only counted up.
    static void collisions(ObjectNode updated, ObjectNode old, Errors errors) {
        boolean counted = Json.present(old.path("status").get("collisionCount"));
        if (counted && (!Json.present(updated.path("status").get("collisionCount")) || number(updated, "collisionCount") < number(old, "collisionCount"))) {
            errors.invalid("status.collisionCount", number(updated, "collisionCount"), "cannot be decremented");
        }
    }

    /// ReplicaSets and ReplicationControllers.
    static void replicas(ObjectNode object, Errors errors) {
        counts(object, errors, List.of("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"));
        parts(object, errors, List.of("fullyLabeledReplicas", "readyReplicas", "availableReplicas"));
        available(object, errors, "readyReplicas");
    }

    /// Conditions of the common type, as upstream's `ValidateConditions` in `pkg/apis/meta/v1/validation`.
    static void conditions(List<ObjectNode> conditions, String path, Errors errors) {
        Set<String> types = new HashSet<>();
        for (int i = 0; i < conditions.size(); i++) {
            ObjectNode condition = conditions.get(i);
            String at = path + "[" + i + "]";
            String type = Json.string(condition, "type");
            if (!types.add(type)) {
                errors.duplicate(at + ".type", type);
            }
            errors.invalid(at + ".type", type, Names.qualified(type));
            errors.oneOf(at + ".status", Json.string(condition, "status"), List.of("False", "True", "Unknown"));
            long generation = Json.number(condition, 0, "observedGeneration");
            if (generation < 0) {
                errors.invalid(at + ".observedGeneration", generation, "must be greater than or equal to zero");
            }
            if (!Json.present(condition.get("lastTransitionTime"))) {
                errors.required(at + ".lastTransitionTime", "must be set");
            }
            String reason = Json.string(condition, "reason");
            if (reason.isEmpty()) {
                errors.required(at + ".reason", "must be set");
            } else if (!reason.matches(REASON)) {
                errors.invalid(at + ".reason", reason, REASON_HINT);
            }
            limit(reason, at + ".reason", LONGEST_REASON, errors);
            limit(Json.string(condition, "message"), at + ".message", LONGEST_MESSAGE, errors);
        }
    }

    /// Conditions of which each has a type of its own, and nothing else is asked.
    static void types(ObjectNode object, Errors errors) {
        Set<String> types = new HashSet<>();
        List<ObjectNode> conditions = Json.objects(object.path("status"), "conditions");
        for (int i = 0; i < conditions.size(); i++) {
            String type = Json.string(conditions.get(i), "type");
            if (!types.add(type)) {
                errors.duplicate("status.conditions[" + i + "].type", type);
            }
            if (type.isEmpty()) {
                errors.required("status.conditions[" + i + "].type", "must not be empty");
            }
        }
    }

    private static void limit(String text, String at, int most, Errors errors) {
        if (text.length() > most) {
            errors.add(FieldError.tooLong(at, most));
        }
    }

    /// An entry of `status.loadBalancer.ingress`.
    static void balancer(ObjectNode object, boolean modes, Errors errors) {
        List<ObjectNode> ingresses = Json.objects(Json.at(object, "status", "loadBalancer"), "ingress");
        for (int i = 0; i < ingresses.size(); i++) {
            ObjectNode ingress = ingresses.get(i);
            String at = "status.loadBalancer.ingress[" + i + "]";
            String ip = Json.string(ingress, "ip");
            if (!ip.isEmpty()) {
                errors.invalid(at + ".ip", ip, Addresses.address(ip));
            }
            if (modes) {
                mode(ingress, at + ".ipMode", ip.isEmpty(), errors);
            }
            String host = Json.string(ingress, "hostname");
            if (!host.isEmpty()) {
                errors.invalid(at + ".hostname", host, Names.subdomain(host));
                if (Addresses.isAddress(host)) {
                    errors.invalid(at + ".hostname", host, "must be a DNS name, not an IP address");
                }
            }
        }
    }

    private static void mode(ObjectNode ingress, String at, boolean nowhere, Errors errors) {
        boolean told = Json.present(ingress.get("ipMode"));
        if (!told && !nowhere) {
            errors.required(at, "must be specified when `ip` is set");
        } else if (told && nowhere) {
            errors.forbidden(at, "may not be specified when `ip` is not set");
        } else if (told) {
            errors.oneOf(at, Json.string(ingress, "ipMode"), List.of("Proxy", "VIP"));
        }
    }

    private static long number(ObjectNode object, String field) {
        JsonNode status = object.path("status");
        return Json.number(status, 0, field);
    }
}
