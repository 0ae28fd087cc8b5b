package io.hypernetes.openstack;

import io.hypernetes.objects.Json;
import tools.jackson.databind.node.ObjectNode;

/// A domain as somebody says it to Keystone: by its name or by its id.
public record KeystoneDomain(boolean isId, String value) {
    public static KeystoneDomain named(String name) {
        return new KeystoneDomain(false, name);
    }

    public static KeystoneDomain withId(String id) {
        return new KeystoneDomain(true, id);
    }

    ObjectNode toJson() {
        return Json.object().put(isId ? "id" : "name", value);
    }

    @Override
    public String toString() {
        return value;
    }
}
