package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What devices a claim asks for, as upstream's `validateDeviceClaim` in `pkg/apis/resource/validation`. Expressions are not compiled: nothing here allocates devices.
final class DeviceClaimValidation {
    private static final int MOST = 32;
    private static final int MOST_CHOICES = 8;
    private static final String REFERENCE_HINT = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

    /// The names of requests, and those of their choices behind a slash.
    private final Set<String> names = new HashSet<>();

    private final Errors errors;

    DeviceClaimValidation(JsonNode devices, Errors errors) {
        this.errors = errors;
        for (ObjectNode request : Json.objects(devices, "requests")) {
            String name = Json.string(request, "name");
            names.add(name);
            Json.objects(request, "firstAvailable").forEach(choice -> names.add(name + "/" + Json.string(choice, "name")));
        }
    }

    /// @param at where the devices stand
    static void validate(JsonNode devices, String at, Errors errors) {
        new DeviceClaimValidation(devices, errors).run(devices, at);
    }

    private void run(JsonNode devices, String at) {
        List<ObjectNode> requests = DeviceValidation.several(devices, "requests", MOST, at, errors);
        for (int i = 0; i < requests.size(); i++) {
            request(requests.get(i), at + ".requests[" + i + "]");
        }
        unique(requests, at + ".requests");
        List<ObjectNode> constraints = DeviceValidation.several(devices, "constraints", MOST, at, errors);
        for (int i = 0; i < constraints.size(); i++) {
            String each = at + ".constraints[" + i + "]";
            references(constraints.get(i), each);
            if (Json.present(constraints.get(i).get("matchAttribute"))) {
                DeviceValidation.fullyQualified(Json.string(constraints.get(i), "matchAttribute"), each + ".matchAttribute", errors);
            } else if (Json.present(constraints.get(i).get("distinctAttribute"))) {
                DeviceValidation.fullyQualified(Json.string(constraints.get(i), "distinctAttribute"), each + ".distinctAttribute", errors);
            } else {
                errors.required(each, "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set");
            }
        }
        List<ObjectNode> configurations = DeviceValidation.several(devices, "config", MOST, at, errors);
        for (int i = 0; i < configurations.size(); i++) {
            references(configurations.get(i), at + ".config[" + i + "]");
            DeviceValidation.configuration(configurations.get(i), at + ".config[" + i + "]", errors);
        }
    }

    private void unique(List<ObjectNode> items, String at) {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < items.size(); i++) {
            String name = Json.string(items.get(i), "name");
            if (!seen.add(name)) {
                errors.duplicate(at + "[" + i + "]", name);
            }
        }
    }

    private void request(ObjectNode request, String at) {
        errors.invalid(at + ".name", Json.string(request, "name"), Names.label(Json.string(request, "name")));
        boolean exact = request.path("exactly").isObject();
        boolean choices = !request.path("firstAvailable").isEmpty();
        if (!exact && !choices) {
            errors.required(at, "exactly one of `exactly` or `firstAvailable` is required");
        } else if (exact && choices) {
            errors.invalid(at, "null", "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set");
        } else if (exact) {
            device(request.path("exactly"), at + ".exactly");
        } else {
            List<ObjectNode> items = DeviceValidation.several(request, "firstAvailable", MOST_CHOICES, at, errors);
            for (int i = 0; i < items.size(); i++) {
                String each = at + ".firstAvailable[" + i + "]";
                errors.invalid(each + ".name", Json.string(items.get(i), "name"), Names.label(Json.string(items.get(i), "name")));
                device(items.get(i), each);
            }
            unique(items, at + ".firstAvailable");
        }
    }

    private void device(JsonNode request, String at) {
        String type = Json.string(request, "deviceClassName");
        if (type.isEmpty()) {
            errors.required(at + ".deviceClassName", "");
        } else {
            errors.invalid(at + ".deviceClassName", type, Names.subdomain(type));
        }
        DeviceValidation.selectors(DeviceValidation.several(request, "selectors", MOST, at, errors), at + ".selectors", errors);
        String mode = Json.string(request, "allocationMode");
        long count = Json.number(request, 0, "count");
        errors.oneOf(at + ".allocationMode", mode, List.of("All", "ExactCount"));
        if (mode.equals("All") && count != 0) {
            errors.invalid(at + ".count", count, "must not be specified when allocationMode is 'All'");
        } else if (mode.equals("ExactCount") && count <= 0) {
            errors.invalid(at + ".count", count, "must be greater than zero");
        }
        DeviceValidation.tolerations(request, at, errors);
    }

    void references(ObjectNode object, String at) {
        JsonNode requests = object.path("requests");
        if (requests.size() > MOST) {
            errors.add(FieldError.tooMany(at + ".requests", requests.size(), MOST));
            return;
        }
        for (int i = 0; i < requests.size(); i++) {
            reference(requests.path(i).asString(""), at + ".requests[" + i + "]");
        }
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < requests.size(); i++) {
            String name = requests.path(i).asString("");
            if (!seen.add(name)) {
                errors.duplicate(at + ".requests[" + i + "]", name);
            }
        }
    }

    /// A request of the claim, or a choice of one.
    void reference(String name, String at) {
        String[] segments = name.split("/", -1);
        if (segments.length <= 2) {
            for (String segment : segments) {
                errors.invalid(at, segment, Names.label(segment));
            }
        }
        if (!names.contains(name)) {
            errors.invalid(at, name, REFERENCE_HINT);
        }
    }
}
