package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// IPAddresses: who has which address; the address is the name.
final class IpAddressRules implements KindRules {
    private static final Layout LAYOUT = Layout.named().cell("ParentRef", "Who has it.", IpAddressRules::parent);

    @Override
    public List<String> checkName(String name) {
        return Addresses.canonicalAddress(name);
    }

    @Override
    public void validate(ObjectNode address, Errors errors) {
        JsonNode parent = address.path("spec").path("parentRef");
        if (!parent.isObject()) {
            errors.required("spec.parentRef", "");
            return;
        }
        String group = Json.string(parent, "group");
        if (!group.isEmpty()) {
            errors.invalid("spec.parentRef.group", group, Names.subdomain(group));
        }
        for (String field : List.of("resource", "name", "namespace")) {
            String value = Json.string(parent, field);
            if (value.isEmpty() && !field.equals("namespace")) {
                errors.required("spec.parentRef." + field, "");
            }
            errors.invalid("spec.parentRef." + field, value, RoleRules.pathSegment(value));
        }
    }

    @Override
    public void validateUpdate(ObjectNode address, ObjectNode old, @Nullable String subresource, Errors errors) {
        WorkloadValidation.immutable(WorkloadValidation.spec(address), WorkloadValidation.spec(old), "spec", "parentRef", errors);
    }

    private static String parent(ObjectNode address) {
        JsonNode parent = address.path("spec").path("parentRef");
        String group = Json.string(parent, "group");
        String resource = Json.string(parent, "resource");
        String namespace = Json.string(parent, "namespace");
        return (group.isEmpty() ? resource : resource + "." + group) + "/" + (namespace.isEmpty() ? "" : namespace + "/")
                + Json.string(parent, "name");
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
