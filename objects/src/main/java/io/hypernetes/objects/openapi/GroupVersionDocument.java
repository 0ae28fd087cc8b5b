package io.hypernetes.objects.openapi;

import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.KubernetesVersion;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.ResourceType;
import io.hypernetes.objects.kind.ResourceType.Subresource;
import io.hypernetes.objects.schema.Schema;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Builds the document of one group-version. One use each.
final class GroupVersionDocument {
    private static final List<String> READ_TYPES = List.of("application/json", "application/yaml", "application/vnd.kubernetes.protobuf");
    private static final List<String> PATCH_TYPES = List.of(
            "application/json-patch+json",
            "application/merge-patch+json",
            "application/strategic-merge-patch+json",
            "application/apply-patch+yaml");
    /// Definitions have no strategies of merging; kubectl sends a patch of that type to every kind that says it takes one.
    private static final List<String> CUSTOM_PATCH_TYPES =
            List.of("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml");

    private final Schema schema;
    private final GroupVersion groupVersion;
    private final List<Kind> kinds;
    private final Set<ResourceType> custom;
    private final Components components;

    GroupVersionDocument(Schema schema, Descriptions descriptions, GroupVersion groupVersion, List<Kind> kinds) {
        this.schema = schema;
        this.groupVersion = groupVersion;
        this.kinds = kinds;
        this.custom = kinds.stream().filter(Kind::isCustom).map(Kind::type).collect(Collectors.toSet());
        this.components = new Components(schema, descriptions);
    }

    ObjectNode build() {
        ObjectNode document = Json.object();
        document.put("openapi", "3.0.0");
        ObjectNode info = document.putObject("info");
        info.put("title", "Kubernetes");
        info.put("version", KubernetesVersion.GIT_VERSION);
        ObjectNode paths = document.putObject("paths");
        for (Kind kind : kinds) {
            resource(paths, kind.type());
        }
        document.putObject("components").set("schemas", components.build(kinds));
        return document;
    }

    private void resource(ObjectNode paths, ResourceType type) {
        String root = "/" + groupVersion.path() + "/";
        String collection = root + (type.namespaced() ? "namespaces/{namespace}/" : "") + type.resource();
        String item = collection + "/{name}";
        String ref = Components.publicName(type.schemaType());
        String list = Components.publicName(type.schemaType() + "List");

        ObjectNode many = paths.putObject(collection);
        pathParameters(many, type.namespaced(), false);
        if (type.verbs().contains("list")) {
            operation(many, "get", "list", type, "", list, null);
        }
        if (type.verbs().contains("create")) {
            operation(many, "post", "post", type, "", ref, ref);
        }
        if (type.verbs().contains("deletecollection")) {
            operation(many, "delete", "deletecollection", type, "", "io.k8s.apimachinery.pkg.apis.meta.v1.Status", null);
        }
        if (type.namespaced() && type.verbs().contains("list")) {
            ObjectNode everywhere = paths.putObject(root + type.resource());
            operation(everywhere, "get", "list", type, "ForAllNamespaces", list, null);
        }
        ObjectNode one = paths.putObject(item);
        pathParameters(one, type.namespaced(), true);
        singleObject(one, type.verbs(), type, "", ref);
        for (Subresource sub : type.subresources().values()) {
            if (sub.kind().equals(type.kind()) && !sub.name().equals("log")) {
                ObjectNode at = paths.putObject(item + "/" + sub.name());
                pathParameters(at, type.namespaced(), true);
                singleObject(at, sub.verbs(), type, capitalised(sub.name()), ref);
            } else {
                part(paths, item, type, sub);
            }
        }
    }

    /// A subresource that exchanges objects of another kind, such as a Scale.
    private void part(ObjectNode paths, String item, ResourceType type, Subresource sub) {
        String group = sub.groupVersion().group();
        int dot = group.indexOf('.');
        String room = group.isEmpty() ? "core" : dot < 0 ? group : group.substring(0, dot);
        String schemaType = room + "." + sub.groupVersion().version() + "." + sub.kind();
        if (schema.find(schemaType) == null) {
            return; // a stream, which has no schema
        }
        String ref = Components.publicName(schemaType);
        ObjectNode at = paths.putObject(item + "/" + sub.name());
        pathParameters(at, type.namespaced(), true);
        if (sub.verbs().contains("create")) {
            operation(at, "post", "post", type, capitalised(sub.name()), ref, ref);
        }
        singleObject(at, sub.verbs(), type, capitalised(sub.name()), ref);
        for (var operation : at.properties()) {
            if (operation.getValue().get("x-kubernetes-group-version-kind") instanceof ObjectNode gvk) {
                gvk.put("group", group).put("version", sub.groupVersion().version()).put("kind", sub.kind());
            }
        }
    }

    private void singleObject(ObjectNode at, List<String> verbs, ResourceType type, String suffix, String ref) {
        if (verbs.contains("get")) {
            operation(at, "get", "get", type, suffix, ref, null);
        }
        if (verbs.contains("update")) {
            operation(at, "put", "put", type, suffix, ref, ref);
        }
        if (verbs.contains("patch")) {
            operation(at, "patch", "patch", type, suffix, ref, "io.k8s.apimachinery.pkg.apis.meta.v1.Patch");
        }
        if (verbs.contains("delete")) {
            boolean object = suffix.isEmpty() && type.returnsDeleted() && !custom.contains(type);
            operation(at, "delete", "delete", type, suffix, object ? ref : "io.k8s.apimachinery.pkg.apis.meta.v1.Status", null);
        }
    }

    private void operation(
            ObjectNode path,
            String method,
            String action,
            ResourceType type,
            String suffix,
            String answer,
            @org.jspecify.annotations.Nullable String body) {
        ObjectNode operation = path.putObject(method);
        operation.putArray("tags").add(tag());
        operation.put("operationId", operationId(action, type, suffix));
        ArrayNode parameters = operation.putArray("parameters");
        switch (action) {
            case "list", "deletecollection" -> {
                for (String name : List.of("continue", "fieldSelector", "labelSelector", "resourceVersion", "resourceVersionMatch")) {
                    parameter(parameters, name, "string");
                }
                parameter(parameters, "limit", "integer");
                parameter(parameters, "timeoutSeconds", "integer");
                parameter(parameters, "allowWatchBookmarks", "boolean");
                parameter(parameters, "sendInitialEvents", "boolean");
                parameter(parameters, "watch", "boolean");
            }
            case "post", "put", "patch" -> {
                parameter(parameters, "dryRun", "string");
                parameter(parameters, "fieldManager", "string");
                parameter(parameters, "fieldValidation", "string");
                if (action.equals("patch")) {
                    parameter(parameters, "force", "boolean");
                }
            }
            case "delete" -> {
                parameter(parameters, "dryRun", "string");
                parameter(parameters, "gracePeriodSeconds", "integer");
                parameter(parameters, "propagationPolicy", "string");
            }
            default -> {}
        }
        if (body != null) {
            ObjectNode request = operation.putObject("requestBody");
            content(request, action.equals("patch") ? patchTypes(type) : READ_TYPES, body);
            request.put("required", true);
        }
        ObjectNode responses = operation.putObject("responses");
        ObjectNode ok = responses.putObject(action.equals("post") ? "201" : "200");
        ok.put("description", action.equals("post") ? "Created" : "OK");
        content(ok, READ_TYPES, answer);
        operation.put("x-kubernetes-action", action);
        ObjectNode gvk = operation.putObject("x-kubernetes-group-version-kind");
        gvk.put("group", type.group());
        gvk.put("version", type.version());
        gvk.put("kind", type.kind());
    }

    private List<String> patchTypes(ResourceType type) {
        return custom.contains(type) ? CUSTOM_PATCH_TYPES : PATCH_TYPES;
    }

    private void content(ObjectNode holder, List<String> mediaTypes, String schemaName) {
        ObjectNode content = holder.putObject("content");
        for (String mediaType : mediaTypes) {
            content.putObject(mediaType).set("schema", Components.reference(schemaName));
        }
        components.use(schemaName);
    }

    private static void pathParameters(ObjectNode path, boolean namespaced, boolean named) {
        ArrayNode parameters = path.putArray("parameters");
        if (named) {
            pathParameter(parameters, "name");
        }
        if (namespaced) {
            pathParameter(parameters, "namespace");
        }
    }

    private static void pathParameter(ArrayNode parameters, String name) {
        ObjectNode parameter = parameters.addObject();
        parameter.put("name", name);
        parameter.put("in", "path");
        parameter.put("required", true);
        parameter.putObject("schema").put("type", "string").put("uniqueItems", true);
    }

    private static void parameter(ArrayNode parameters, String name, String type) {
        ObjectNode parameter = parameters.addObject();
        parameter.put("name", name);
        parameter.put("in", "query");
        parameter.putObject("schema").put("type", type).put("uniqueItems", true);
    }

    private String tag() {
        return (groupVersion.group().isEmpty() ? "core" : groupTag()) + "_" + groupVersion.version();
    }

    private String groupTag() {
        String group = groupVersion.group();
        int dot = group.indexOf('.');
        return dot < 0 ? group : group.substring(0, dot);
    }

    private String operationId(String action, ResourceType type, String suffix) {
        String verb = switch (action) {
            case "get" -> "read";
            case "post" -> "create";
            case "put" -> "replace";
            case "deletecollection" -> "deleteCollection";
            default -> action;
        };
        String group = groupVersion.group().isEmpty() ? "Core" : capitalised(groupTag());
        boolean everywhere = suffix.equals("ForAllNamespaces");
        return verb + group + capitalised(groupVersion.version()) + (type.namespaced() && !everywhere ? "Namespaced" : "")
                + type.kind() + suffix;
    }

    private static String capitalised(String word) {
        return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
    }
}
