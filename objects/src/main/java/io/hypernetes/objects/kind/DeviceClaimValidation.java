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
    private static final int LONGEST_EXPRESSION = 10 << 10;
    private static final String REFERENCE_HINT = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

    /// The names of requests, and those of their choices behind a slash.
    private final Set<String> names = new HashSet<>();

    private final Errors errors;

    private DeviceClaimValidation(JsonNode devices, Errors errors) {
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
        List<ObjectNode> requests = several(devices, "requests", MOST, at);
        for (int i = 0; i < requests.size(); i++) {
            request(requests.get(i), at + ".requests[" + i + "]");
        }
        unique(requests, at + ".requests");
        List<ObjectNode> constraints = several(devices, "constraints", MOST, at);
        for (int i = 0; i < constraints.size(); i++) {
            String each = at + ".constraints[" + i + "]";
            references(constraints.get(i), each);
            if (!Json.present(constraints.get(i).get("matchAttribute")) && !Json.present(constraints.get(i).get("distinctAttribute"))) {
                errors.required(each, "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set");
            }
        }
        List<ObjectNode> configurations = several(devices, "config", MOST, at);
        for (int i = 0; i < configurations.size(); i++) {
            references(configurations.get(i), at + ".config[" + i + "]");
            if (!configurations.get(i).path("opaque").isObject()) {
                errors.required(at + ".config[" + i + "].opaque", "");
            }
        }
    }

    private List<ObjectNode> several(JsonNode object, String list, int most, String at) {
        List<ObjectNode> items = Json.objects(object, list);
        if (items.size() > most) {
            errors.add(FieldError.tooMany(at + "." + list, items.size(), most));
        }
        return items;
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
            List<ObjectNode> items = several(request, "firstAvailable", MOST_CHOICES, at);
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
        List<ObjectNode> selectors = several(request, "selectors", MOST, at);
        for (int i = 0; i < selectors.size(); i++) {
            String each = at + ".selectors[" + i + "].cel";
            if (!selectors.get(i).path("cel").isObject()) {
                errors.required(each, "");
            } else if (Json.string(selectors.get(i), "cel", "expression").length() > LONGEST_EXPRESSION) {
                errors.add(FieldError.tooLong(each + ".expression", LONGEST_EXPRESSION));
            }
        }
        String mode = Json.string(request, "allocationMode");
        long count = Json.number(request, 0, "count");
        errors.oneOf(at + ".allocationMode", mode, List.of("All", "ExactCount"));
        if (mode.equals("All") && count != 0) {
            errors.invalid(at + ".count", count, "must not be specified when allocationMode is 'All'");
        } else if (mode.equals("ExactCount") && count <= 0) {
            errors.invalid(at + ".count", count, "must be greater than zero");
        }
    }

    private void references(ObjectNode object, String at) {
        JsonNode requests = object.path("requests");
        if (requests.size() > MOST) {
            errors.add(FieldError.tooMany(at + ".requests", requests.size(), MOST));
        }
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < requests.size(); i++) {
            String name = requests.path(i).asString("");
            String each = at + ".requests[" + i + "]";
            String[] segments = name.split("/", -1);
            if (segments.length <= 2) {
                for (String segment : segments) {
                    errors.invalid(each, segment, Names.label(segment));
                }
            }
            if (!names.contains(name)) {
                errors.invalid(each, name, REFERENCE_HINT);
            }
            if (!seen.add(name)) {
                errors.duplicate(each, name);
            }
        }
    }
}
