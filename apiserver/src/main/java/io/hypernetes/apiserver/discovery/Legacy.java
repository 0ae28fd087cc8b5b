package io.hypernetes.apiserver.discovery;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.ResourceType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The documents of discovery's old form: a path for each group and version.
final class Legacy {
    private Legacy() {}

    /// @param path without a slash at its end
    static ObjectNode document(List<ResourceType> types, String path) {
        var parts = path.substring(1).split("/", -1);
        return switch (parts.length) {
            case 1 -> parts[0].equals("api") ? coreVersions() : groupList(types);
            case 2 -> parts[0].equals("api") ? resources(types, "", parts[1]) : group(types, parts[1]);
            case 3 -> parts[0].equals("apis") ? resources(types, parts[1], parts[2]) : missing();
            default -> missing();
        };
    }

    private static List<String> groups(List<ResourceType> types) {
        return types.stream().map(type -> type.group()).distinct().toList();
    }

    static Map<String, List<ResourceType>> byGroup(List<ResourceType> types) {
        return types.stream().collect(Collectors.groupingBy(ResourceType::group, LinkedHashMap::new, Collectors.toList()));
    }

    static Map<String, List<ResourceType>> byVersion(List<ResourceType> types) {
        return types.stream().collect(Collectors.groupingBy(ResourceType::version, LinkedHashMap::new, Collectors.toList()));
    }

    private static List<String> versions(List<ResourceType> types, String group) {
        return types.stream()
                .filter(type -> type.group().equals(group))
                .map(type -> type.version())
                .distinct()
                .toList();
    }

    static void words(ObjectNode target, String name, List<String> words) {
        if (!words.isEmpty()) {
            var array = target.putArray(name);
            words.forEach(array::add);
        }
    }

    private static ObjectNode coreVersions() {
        var versions = Json.object();
        versions.put("kind", "APIVersions");
        versions.putArray("versions").add("v1");
        // Clients use the address they reached us by.
        versions.putArray("serverAddressByClientCIDRs");
        return versions;
    }

    private static ObjectNode groupList(List<ResourceType> types) {
        var list = Json.object();
        list.put("kind", "APIGroupList");
        list.put("apiVersion", "v1");
        var groups = list.putArray("groups");
        byGroup(types).forEach((group, own) -> {
            if (!group.isEmpty()) {
                groups.add(describe(own, group));
            }
        });
        return list;
    }

    private static ObjectNode group(List<ResourceType> types, String group) {
        if (group.isEmpty() || !groups(types).contains(group)) {
            return missing();
        }
        var document = Json.object();
        document.put("kind", "APIGroup");
        document.put("apiVersion", "v1");
        document.setAll(describe(types, group));
        return document;
    }

    private static ObjectNode describe(List<ResourceType> types, String group) {
        var description = Json.object();
        description.put("name", group);
        var versions = description.putArray("versions");
        for (var version : versions(types, group)) {
            version(versions.addObject(), group, version);
        }
        version(description.putObject("preferredVersion"), group, versions(types, group).getFirst());
        return description;
    }

    private static void version(ObjectNode target, String group, String version) {
        target.put("groupVersion", group + "/" + version);
        target.put("version", version);
    }

    private static ObjectNode resources(List<ResourceType> types, String group, String version) {
        var list = Json.object();
        list.put("kind", "APIResourceList");
        list.put("apiVersion", "v1");
        list.put("groupVersion", group.isEmpty() ? version : group + "/" + version);
        var resources = list.putArray("resources");
        var aliases = new Aliases();
        for (var type : types) {
            if (type.group().equals(group) && type.version().equals(version)) {
                resources(resources, type, aliases);
            }
        }
        return resources.isEmpty() ? missing() : list;
    }

    private static void resources(ArrayNode target, ResourceType type, Aliases aliases) {
        var own = target.addObject();
        own.put("name", type.resource());
        own.put("singularName", type.singular());
        own.put("namespaced", type.namespaced());
        own.put("kind", type.kind());
        words(own, "verbs", type.verbs());
        aliases.tell(own, type);
        own.put("storageVersionHash", "");
        for (var part : type.subresources().values()) {
            var entry = target.addObject();
            entry.put("name", type.resource() + "/" + part.name());
            entry.put("singularName", "");
            entry.put("namespaced", type.namespaced());
            if (!part.groupVersion().equals(type.groupVersion())) {
                entry.put("group", part.groupVersion().group());
                entry.put("version", part.groupVersion().version());
            }
            entry.put("kind", part.kind());
            words(entry, "verbs", part.verbs());
        }
    }

    private static ObjectNode missing() {
        throw ApiStatus.noSuchResource().asException();
    }
}
