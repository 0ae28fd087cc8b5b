package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Nodes.
final class NodeRules implements KindRules {
    private static final String ROLE_PREFIX = "node-role.kubernetes.io/";
    private static final String PODS = "spec.podCIDRs";
    private static final String MALFORMED =
            "invalid PodCIDRs. failed to check with dual stack with error:failed to parse cidr value:%s with error:invalid CIDR address: %s";
    private static final List<String> EFFECTS = List.of("NoSchedule", "PreferNoSchedule", "NoExecute");

    /// A node agent registers its node together with what it found.
    @Override
    public boolean keepsStatusOnCreate() {
        return true;
    }

    /// Tenants see what their pods may ask of a node, nothing of where it is and what else it holds.
    @Override
    public ObjectNode projected(ObjectNode node) {
        ObjectNode seen = Json.object();
        Projection.copy(node, seen, List.of("apiVersion", "kind"));
        Projection.copy(node.path("metadata"), seen.putObject("metadata"), List.of("resourceVersion", "name", "uid", "creationTimestamp", "labels"));
        Projection.copy(node.path("spec"), seen.putObject("spec"), List.of("taints", "unschedulable"));
        JsonNode status = node.path("status");
        ObjectNode state = seen.putObject("status");
        Projection.copy(status, state, List.of("capacity", "allocatable", "conditions"));
        Projection.copy(status.path("nodeInfo"), state.putObject("nodeInfo"), List.of("architecture", "operatingSystem", "kubeletVersion"));
        return seen;
    }

    @Override
    public void defaults(ObjectNode node) {
        Json.child(node, "spec");
        if (node.get("status") instanceof ObjectNode status
                && status.get("capacity") instanceof ObjectNode capacity
                && status.path("allocatable").isEmpty()) {
            status.set("allocatable", capacity.deepCopy());
        }
    }

    @Override
    public void validate(ObjectNode node, Errors errors) {
        taints(node, errors);
        resources(node, errors);
        podRanges(ranges(node), errors);
    }

    private static void taints(ObjectNode node, Errors errors) {
        Set<String> seen = new HashSet<>();
        List<ObjectNode> taints = Json.objects(node.path("spec"), "taints");
        for (int i = 0; i < taints.size(); i++) {
            ObjectNode taint = taints.get(i);
            // Upstream looks for them there.
            String at = "metadata.taints[" + i + "]";
            String key = Json.string(taint, "key");
            String effect = Json.string(taint, "effect");
            errors.invalid(at + ".key", key, Names.qualified(key));
            List<String> value = Names.labelValue(Json.string(taint, "value"));
            if (!value.isEmpty()) {
                errors.invalid(at + ".value", Json.string(taint, "value"), String.join(";", value));
            }
            if (effect.isEmpty()) {
                errors.required(at + ".effect", "");
            } else {
                errors.oneOf(at + ".effect", effect, EFFECTS);
            }
            if (!seen.add(key + " " + effect)) {
                FieldError twice = FieldError.duplicate(at, taint);
                errors.add(new FieldError(at, twice.reason(), twice.message() + ": taints must be unique by key and effect pair"));
            }
        }
    }

    /// The addresses of a node's pods: to upstream there is the list only, of which the one is the first, and it stands for all when it is another
    /// (`Convert_v1_NodeSpec_To_core_NodeSpec` of `pkg/apis/core/v1/conversion.go`).
    private static List<String> ranges(ObjectNode node) {
        String first = Json.string(node, "spec", "podCIDR");
        List<String> all = new ArrayList<>();
        node.path("spec").path("podCIDRs").forEach(range -> all.add(range.asString("")));
        return first.isEmpty() || (!all.isEmpty() && all.getFirst().equals(first)) ? all : List.of(first);
    }

    private static ArrayNode texts(List<String> ranges) {
        ArrayNode list = Json.array();
        ranges.forEach(list::add);
        return list;
    }

    /// As ValidateNode of upstream's `pkg/apis/core/validation/validation.go`: at most one range of each family.
    private static void podRanges(List<String> ranges, Errors errors) {
        Set<Boolean> families = new HashSet<>();
        int malformed = -1;
        for (int i = 0; i < ranges.size() && !errors.isFull(); i++) {
            List<String> wrong = Addresses.range(ranges.get(i));
            errors.invalid(PODS + "[" + i + "]", ranges.get(i), wrong);
            // Whatever else is wrong with it, one that is a range at all has a family.
            malformed = malformed < 0 && wrong.contains(Addresses.RANGE_HINT) ? i : malformed;
            families.add(ranges.get(i).contains(":"));
        }
        if (ranges.size() < 2) {
            return;
        }
        if (malformed >= 0) {
            errors.add(FieldError.internal(PODS, MALFORMED.formatted(FieldError.quoted(ranges.get(malformed)), ranges.get(malformed))));
        }
        if (malformed >= 0 || families.size() < 2 || ranges.size() > 2) {
            errors.invalid(PODS, texts(ranges), "may specify no more than one CIDR for each IP family");
        }
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < ranges.size() && !errors.isFull(); i++) {
            if (!seen.add(ranges.get(i))) {
                errors.duplicate(PODS + "[" + i + "]", ranges.get(i));
            }
        }
    }

    /// Whoever names the addresses in one way keeps them in both.
    @Override
    public void prepareUpdate(ObjectNode node, ObjectNode old, @Nullable String subresource) {
        if (!ranges(node).isEmpty() && ranges(node).equals(ranges(old))) {
            Json.restore(Json.child(node, "spec"), old.path("spec"), "podCIDR");
            Json.restore(Json.child(node, "spec"), old.path("spec"), "podCIDRs");
        }
    }

    @Override
    public void validateUpdate(ObjectNode node, ObjectNode old, @Nullable String subresource, Errors errors) {
        List<ObjectNode> addresses = Json.objects(node.path("status"), "addresses");
        Set<ObjectNode> seen = new HashSet<>();
        for (int i = 0; i < addresses.size(); i++) {
            if (!seen.add(addresses.get(i))) {
                errors.add(FieldError.duplicate("status.addresses[" + i + "]", addresses.get(i)));
            }
        }
        List<String> ranges = ranges(old);
        if (!ranges.isEmpty() && !ranges.equals(ranges(node))) {
            errors.forbidden(PODS, "node updates may not change podCIDR except from \"\" to valid");
        }
        String before = Json.string(old, "spec", "providerID");
        if (!before.isEmpty() && !before.equals(Json.string(node, "spec", "providerID"))) {
            errors.forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
        }
        if (!Json.string(node, "spec", "externalID").equals(Json.string(old, "spec", "externalID"))) {
            errors.forbidden("spec.externalID", "may not be updated");
        }
    }

    @Override
    public void validateStatus(ObjectNode node, ObjectNode old, Errors errors) {
        resources(node, errors);
    }

    private static void resources(ObjectNode node, Errors errors) {
        for (String list : List.of("capacity", "allocatable")) {
            for (Map.Entry<String, JsonNode> amount : node.path("status").path(list).properties()) {
                ContainerValidation.amount(amount.getKey(), amount.getValue(), "status." + list + "." + amount.getKey(), errors);
            }
        }
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode node) {
        return Map.of("spec.unschedulable", Boolean.toString(Json.flag(node, "spec", "unschedulable")));
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.name("Name must be unique within a namespace."),
                Column.of("Status", "Whether the node is ready, and takes new pods."),
                Column.of("Roles", "The roles of the node."),
                Column.of("Age", "The time since the node was created."),
                Column.of("Version", "The version of the node agent."),
                Column.wide("Internal-IP", "The address inside the cluster."),
                Column.wide("External-IP", "The address outside the cluster."),
                Column.wide("OS-Image", "The operating system."),
                Column.wide("Kernel-Version", "The kernel of the node; pods have their own."),
                Column.wide("Container-Runtime", "What runs the pods."));
    }

    @Override
    public List<JsonNode> cells(ObjectNode node, Instant now) {
        JsonNode info = node.path("status").path("nodeInfo");
        return List.of(
                Cells.name(node),
                Cells.text(state(node)),
                Cells.orNone(String.join(",", roles(node))),
                Cells.age(node, now),
                Cells.text(Json.string(info, "kubeletVersion")),
                Cells.orNone(address(node, "InternalIP")),
                Cells.orNone(address(node, "ExternalIP")),
                orUnknown(Json.string(info, "osImage")),
                orUnknown(Json.string(info, "kernelVersion")),
                orUnknown(Json.string(info, "containerRuntimeVersion")));
    }

    private static String state(ObjectNode node) {
        String state = "Unknown";
        for (ObjectNode condition : Json.objects(node.path("status"), "conditions")) {
            if (Json.string(condition, "type").equals("Ready")) {
                state = Json.string(condition, "status").equals("True") ? "Ready" : "NotReady";
            }
        }
        return Json.flag(node, "spec", "unschedulable") ? state + ",SchedulingDisabled" : state;
    }

    private static TreeSet<String> roles(ObjectNode node) {
        TreeSet<String> roles = new TreeSet<>();
        Map<String, JsonNode> labels = new LinkedHashMap<>();
        node.path("metadata").path("labels").properties().forEach(e -> labels.put(e.getKey(), e.getValue()));
        labels.forEach((key, value) -> {
            if (key.startsWith(ROLE_PREFIX) && key.length() > ROLE_PREFIX.length()) {
                roles.add(key.substring(ROLE_PREFIX.length()));
            } else if (key.equals("kubernetes.io/role") && !value.asString("").isEmpty()) {
                roles.add(value.asString(""));
            }
        });
        return roles;
    }

    private static String address(ObjectNode node, String type) {
        for (ObjectNode address : Json.objects(node.path("status"), "addresses")) {
            if (Json.string(address, "type").equals(type)) {
                return Json.string(address, "address");
            }
        }
        return "";
    }

    private static JsonNode orUnknown(String value) {
        return Json.text(value.isEmpty() ? "<unknown>" : value);
    }
}
