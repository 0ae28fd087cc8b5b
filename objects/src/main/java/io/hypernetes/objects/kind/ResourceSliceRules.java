package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// ResourceSlices: validateResourceSliceSpec of upstream's `pkg/apis/resource/validation/validation.go`. How much of a shared device may be asked for is not
/// looked at.
final class ResourceSliceRules implements KindRules {
    private static final int MOST_DEVICES = 128;
    private static final int MOST_INTRICATE_DEVICES = 64;
    private static final int MOST_COUNTER_SETS = 8;
    private static final int MOST_COUNTERS = 32;
    private static final int MOST_CONSUMPTIONS = 2;
    private static final int MOST_FACTS = 32;
    private static final int MOST_TAINTS = 16;
    private static final int LONGEST_FACT_BYTES = 64;
    private static final int LONGEST_KEY = 96;
    private static final String ONE_OF = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
    private static final String ONE_OF_DEVICE = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to"
            + " true in the ResourceSlice spec";
    private static final String NUMBER = "(0|[1-9]\\d*)";
    private static final String PART = "(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)";
    private static final String BUILD = "[0-9a-zA-Z-]+";
    private static final Pattern VERSION = Pattern.compile(
            NUMBER + "\\." + NUMBER + "\\." + NUMBER + "(-" + PART + "(\\." + PART + ")*)?(\\+" + BUILD + "(\\." + BUILD + ")*)?");
    private static final Layout LAYOUT = Layout.named()
            .orNone("Node", "The node that has the devices.", "spec", "nodeName")
            .text("Driver", "The driver of the devices.", "spec", "driver")
            .text("Pool", "The pool of the devices.", "spec", "pool", "name")
            .age();

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode slice) {
        return Map.of("spec.nodeName", Json.string(slice, "spec", "nodeName"), "spec.driver", Json.string(slice, "spec", "driver"));
    }

    @Override
    public void validate(ObjectNode slice, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(slice);
        CsiDriverRules.name(Json.string(spec, "driver"), "spec.driver", errors);
        pool(spec.path("pool"), errors);
        boolean each = Json.flag(spec, "perDeviceNodeSelection");
        places(spec, "spec", "must be either unset or set to a non-empty string", true, errors);
        if (Json.present(spec.get("sharedCounters")) && Json.present(spec.get("devices"))) {
            errors.invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed");
        }
        boolean intricate = Json.objects(spec, "devices").stream()
                .anyMatch(device -> !device.path("taints").isEmpty() || !device.path("consumesCounters").isEmpty());
        List<ObjectNode> devices = DeviceValidation.several(spec, "devices", intricate ? MOST_INTRICATE_DEVICES : MOST_DEVICES, "spec", errors);
        set(devices, "spec.devices", "name", (device, at) -> device(device, at, each, errors), errors);
        set(DeviceValidation.several(spec, "sharedCounters", MOST_COUNTER_SETS, "spec", errors), "spec.sharedCounters", "name",
                (counters, at) -> counters(counters, "name", at, errors), errors);
    }

    private static void set(List<ObjectNode> items, String at, String key, BiConsumer<ObjectNode, String> check, Errors errors) {
        for (int i = 0; i < items.size() && !errors.isFull(); i++) {
            check.accept(items.get(i), at + "[" + i + "]");
        }
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < items.size() && !errors.isFull(); i++) {
            String name = Json.string(items.get(i), key);
            if (!seen.add(name)) {
                errors.duplicate(at + "[" + i + "]", name);
            }
        }
    }

    private static void pool(JsonNode pool, Errors errors) {
        DeviceValidation.pool(Json.string(pool, "name"), "spec.pool.name", errors);
        long count = Json.number(pool, 0, "resourceSliceCount");
        if (count <= 0) {
            errors.invalid("spec.pool.resourceSliceCount", count, "must be greater than zero");
        }
        long generation = Json.number(pool, 0, "generation");
        if (generation < 0) {
            errors.invalid("spec.pool.generation", generation, "must be greater than or equal to zero");
        }
    }

    /// Where devices are.
    private static void places(JsonNode holder, String at, String empty, boolean whole, Errors errors) {
        List<String> set = new ArrayList<>();
        JsonNode node = holder.path("nodeName");
        if (node.isString() && node.stringValue().isEmpty()) {
            errors.invalid(at + ".nodeName", "", empty);
        } else if (node.isString()) {
            set.add("`nodeName`");
            errors.invalid(at + ".nodeName", node.stringValue(), Names.subdomain(node.stringValue()));
        }
        JsonNode selector = holder.path("nodeSelector");
        if (selector.isObject()) {
            set.add("`nodeSelector`");
            new NodeSelectorValidation(errors).selector(selector, at + ".nodeSelector");
            if (whole && selector.path("nodeSelectorTerms").size() != 1) {
                errors.invalid(at + ".nodeSelector.nodeSelectorTerms", selector.path("nodeSelectorTerms"), "must have exactly one node selector term");
            }
        }
        for (String field : whole ? List.of("allNodes", "perDeviceNodeSelection") : List.of("allNodes")) {
            if (Json.flag(holder, field)) {
                set.add("`" + field + "`");
            } else if (Json.present(holder.get(field))) {
                errors.invalid(at + "." + field, holder.path(field), "must be either unset or set to true");
            }
        }
        if (set.isEmpty()) {
            errors.required(at, whole ? ONE_OF : ONE_OF_DEVICE);
        } else if (set.size() > 1) {
            errors.invalid(at, "{" + String.join(", ", set) + "}", whole ? ONE_OF + ", but multiple fields are set" : ONE_OF_DEVICE);
        }
    }

    private static void device(ObjectNode device, String at, boolean placed, Errors errors) {
        String name = Json.string(device, "name");
        errors.invalid(at + ".name", name, Names.label(name));
        int facts = device.path("attributes").size() + device.path("capacity").size();
        if (facts > MOST_FACTS) {
            errors.invalid(at, facts, "the total number of attributes and capacities must not exceed " + MOST_FACTS);
        }
        for (var attribute : device.path("attributes").properties()) {
            if (errors.isFull()) {
                return;
            }
            DeviceValidation.qualified(attribute.getKey(), at + ".attributes", errors);
            attribute(attribute.getValue(), at + ".attributes[" + shortened(attribute.getKey()) + "]", errors);
        }
        for (var capacity : device.path("capacity").properties()) {
            if (errors.isFull()) {
                return;
            }
            DeviceValidation.qualified(capacity.getKey(), at + ".capacity", errors);
            if (capacity.getValue().path("requestPolicy").isObject() && !Json.flag(device, "allowMultipleAllocations")) {
                errors.forbidden(at + ".capacity[" + shortened(capacity.getKey()) + "].requestPolicy", "allowMultipleAllocations must be true");
            }
        }
        List<ObjectNode> taints = DeviceValidation.several(device, "taints", MOST_TAINTS, at, errors);
        for (int i = 0; i < taints.size(); i++) {
            DeviceValidation.taint(taints.get(i), at + ".taints[" + i + "]", errors);
        }
        set(DeviceValidation.several(device, "consumesCounters", MOST_CONSUMPTIONS, at, errors), at + ".consumesCounters", "counterSet",
                (counters, each) -> counters(counters, "counterSet", each, errors), errors);
        if (placed) {
            places(device, at, "must not be empty", false, errors);
        } else if (List.of("nodeName", "nodeSelector", "allNodes").stream().anyMatch(field -> Json.present(device.get(field)))) {
            errors.invalid(at, "null", "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec");
        }
        DeviceValidation.binding(device, at, errors);
    }

    private static String shortened(String key) {
        int rest = LONGEST_KEY - 3;
        return key.length() <= LONGEST_KEY ? key : key.substring(0, (rest + 1) / 2) + "..." + key.substring(key.length() - rest / 2);
    }

    private static void attribute(JsonNode attribute, String at, Errors errors) {
        if (attribute.path("string").isString()) {
            limit(attribute.path("string").stringValue(), at + ".string", errors);
        }
        if (attribute.path("version").isString()) {
            String version = attribute.path("version").stringValue();
            // None that is longer is right.
            if (version.length() > LONGEST_FACT_BYTES || !VERSION.matcher(version).matches()) {
                errors.invalid(at + ".version", version, "must be a string compatible with semver.org spec 2.0.0");
            }
            limit(version, at + ".version", errors);
        }
        long values = attribute.properties().stream().filter(member -> Json.present(member.getValue())).count();
        if (values == 0) {
            errors.invalid(at, "", "exactly one value must be specified");
        } else if (values > 1) {
            errors.invalid(at, attribute, "exactly one value must be specified");
        }
    }

    private static void limit(String text, String at, Errors errors) {
        if (DeviceValidation.bytes(text) > LONGEST_FACT_BYTES) {
            errors.add(FieldError.tooLong(at, LONGEST_FACT_BYTES));
        }
    }

    private static void counters(ObjectNode set, String field, String at, Errors errors) {
        String name = Json.string(set, field);
        if (name.isEmpty()) {
            errors.required(at + "." + field, "");
        } else {
            errors.invalid(at + "." + field, name, Names.label(name));
        }
        JsonNode counters = set.path("counters");
        if (counters.isEmpty()) {
            errors.required(at + ".counters", "");
        } else if (counters.size() > MOST_COUNTERS) {
            errors.add(FieldError.tooMany(at + ".counters", counters.size(), MOST_COUNTERS));
        } else {
            counters.propertyNames().forEach(counter -> errors.invalid(at + ".counters", counter, Names.label(counter)));
        }
    }

    @Override
    public void validateUpdate(ObjectNode slice, ObjectNode old, @Nullable String subresource, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(slice);
        ObjectNode before = WorkloadValidation.spec(old);
        if (!Json.string(spec, "pool", "name").equals(Json.string(before, "pool", "name"))) {
            errors.invalid("spec.pool.name", Json.string(spec, "pool", "name"), WorkloadValidation.IMMUTABLE);
        }
        for (String field : List.of("driver", "nodeName")) {
            if (!spec.path(field).equals(before.path(field))) {
                // As Go shows what is not there.
                errors.invalid("spec." + field, Json.present(spec.get(field)) ? spec.path(field).asString("") : "null", WorkloadValidation.IMMUTABLE);
            }
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
