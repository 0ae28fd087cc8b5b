package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What is told of a claim of devices, as validateResourceClaimStatusUpdate of upstream's `pkg/apis/resource/validation/validation.go`. One use each.
final class ClaimStatusValidation {
    private static final int MOST_CONSUMERS = 256;
    private static final int MOST_RESULTS = 32;
    private static final int MOST_CONFIGURATIONS = 64;
    private static final int MOST_CONDITIONS = 8;
    private static final int MOST_ADDRESSES = 16;
    private static final int LONGEST_INTERFACE = 256;
    private static final int LONGEST_HARDWARE_ADDRESS = 128;
    private static final String ADDRESS_HINT = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)";

    private final ObjectNode claim;
    private final JsonNode status;
    private final Errors errors;

    ClaimStatusValidation(ObjectNode claim, Errors errors) {
        this.claim = claim;
        this.status = claim.path("status");
        this.errors = errors;
    }

    void run(ObjectNode old) {
        JsonNode before = old.path("status");
        JsonNode allocation = status.path("allocation");
        Set<String> consumers = consumers();
        devices();
        if (!status.path("reservedFor").isEmpty()) {
            if (!allocation.isObject()) {
                errors.forbidden("status.reservedFor", "may not be specified when `allocated` is not set");
            } else if (!Json.string(claim, "metadata", "deletionTimestamp").isEmpty()) {
                Json.objects(before, "reservedFor").forEach(consumer -> consumers.remove(Json.string(consumer, "uid")));
                if (!consumers.isEmpty()) {
                    errors.forbidden("status.reservedFor", "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set");
                }
            }
        }
        // What was stored is not looked at again.
        if (allocation.isObject() && before.path("allocation").isObject()) {
            if (!allocation.equals(before.path("allocation"))) {
                errors.invalid("status.allocation", allocation, WorkloadValidation.IMMUTABLE);
            }
        } else if (allocation.isObject()) {
            allocation(allocation);
        }
    }

    /// Returns who they are.
    private Set<String> consumers() {
        Set<String> seen = new HashSet<>();
        List<ObjectNode> consumers = DeviceValidation.several(status, "reservedFor", MOST_CONSUMERS, "status", errors);
        for (int i = 0; i < consumers.size(); i++) {
            for (String field : List.of("resource", "name", "uid")) {
                if (Json.string(consumers.get(i), field).isEmpty()) {
                    errors.required("status.reservedFor[" + i + "]." + field, "");
                }
            }
        }
        for (int i = 0; i < consumers.size(); i++) {
            String uid = Json.string(consumers.get(i), "uid");
            if (!seen.add(uid)) {
                errors.duplicate("status.reservedFor[" + i + "]", uid);
            }
        }
        return seen;
    }

    private void devices() {
        Set<String> allocated = new HashSet<>();
        Json.objects(status.path("allocation").path("devices"), "results").forEach(result -> allocated.add(identity(result)));
        Set<String> seen = new HashSet<>();
        List<ObjectNode> devices = Json.objects(status, "devices");
        for (int i = 0; i < devices.size() && !errors.isFull(); i++) {
            device(devices.get(i), "status.devices[" + i + "]", allocated);
        }
        for (int i = 0; i < devices.size() && !errors.isFull(); i++) {
            if (!seen.add(identity(devices.get(i)))) {
                errors.duplicate("status.devices[" + i + "]", identity(devices.get(i)));
            }
        }
    }

    private static String identity(ObjectNode device) {
        String share = Json.string(device, "shareID");
        return Json.string(device, "driver") + "/" + Json.string(device, "pool") + "/" + Json.string(device, "device") + (share.isEmpty() ? "" : "/" + share);
    }

    private void device(ObjectNode device, String at, Set<String> allocated) {
        named(device, at);
        DeviceValidation.share(device.path("shareID"), at + ".shareID", errors);
        if (!allocated.contains(identity(device))) {
            errors.invalid(at, identity(device), "must be an allocated device in the claim");
        }
        List<ObjectNode> conditions = Json.objects(device, "conditions");
        if (conditions.size() > MOST_CONDITIONS) {
            errors.add(FieldError.tooMany(at + ".conditions", conditions.size(), MOST_CONDITIONS));
        }
        StatusValidation.conditions(conditions, at + ".conditions", errors);
        if (Json.present(device.get("data"))) {
            DeviceValidation.raw(device.path("data"), at + ".data", errors);
        }
        network(device.path("networkData"), at + ".networkData");
    }

    private void named(ObjectNode device, String at) {
        CsiDriverRules.name(Json.string(device, "driver"), at + ".driver", errors);
        DeviceValidation.pool(Json.string(device, "pool"), at + ".pool", errors);
        String name = Json.string(device, "device");
        errors.invalid(at + ".device", name, Names.label(name));
    }

    private void network(JsonNode network, String at) {
        limit(network, "interfaceName", LONGEST_INTERFACE, at);
        limit(network, "hardwareAddress", LONGEST_HARDWARE_ADDRESS, at);
        JsonNode addresses = network.path("ips");
        if (addresses.size() > MOST_ADDRESSES) {
            errors.add(FieldError.tooMany(at + ".ips", addresses.size(), MOST_ADDRESSES));
            return;
        }
        for (int i = 0; i < addresses.size(); i++) {
            address(addresses.path(i).asString(""), at + ".ips[" + i + "]");
        }
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < addresses.size(); i++) {
            if (!seen.add(addresses.path(i).asString(""))) {
                errors.duplicate(at + ".ips[" + i + "]", addresses.path(i).asString(""));
            }
        }
    }

    private void address(String text, String at) {
        if (Addresses.range(text).contains(Addresses.RANGE_HINT)) {
            errors.invalid(at, text, ADDRESS_HINT);
        } else {
            errors.invalid(at, text, Addresses.canonicalAddress(text.substring(0, text.indexOf('/'))));
        }
    }

    private void limit(JsonNode network, String field, int most, String at) {
        if (DeviceValidation.bytes(Json.string(network, field)) > most) {
            errors.add(FieldError.tooLong(at + "." + field, most));
        }
    }

    private void allocation(JsonNode allocation) {
        String at = "status.allocation";
        JsonNode devices = allocation.path("devices");
        DeviceClaimValidation requests = new DeviceClaimValidation(claim.path("spec").path("devices"), errors);
        List<ObjectNode> results = DeviceValidation.several(devices, "results", MOST_RESULTS, at + ".devices", errors);
        for (int i = 0; i < results.size() && !errors.isFull(); i++) {
            String each = at + ".devices.results[" + i + "]";
            requests.reference(Json.string(results.get(i), "request"), each + ".request");
            named(results.get(i), each);
            DeviceValidation.binding(results.get(i), each, errors);
            DeviceValidation.tolerations(results.get(i), each, errors);
            DeviceValidation.share(results.get(i).path("shareID"), each + ".shareID", errors);
        }
        List<ObjectNode> configurations = DeviceValidation.several(devices, "config", MOST_CONFIGURATIONS, at + ".devices", errors);
        for (int i = 0; i < configurations.size() && !errors.isFull(); i++) {
            String each = at + ".devices.config[" + i + "]";
            String source = Json.string(configurations.get(i), "source");
            if (source.isEmpty()) {
                errors.required(each + ".source", "");
            } else {
                errors.oneOf(each + ".source", source, List.of("FromClaim", "FromClass"));
            }
            requests.references(configurations.get(i), each);
            DeviceValidation.configuration(configurations.get(i), each, errors);
        }
        new NodeSelectorValidation(errors).selector(allocation.path("nodeSelector"), at + ".nodeSelector");
    }
}
