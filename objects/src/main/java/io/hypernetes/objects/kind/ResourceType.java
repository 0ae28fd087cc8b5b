package io.hypernetes.objects.kind;

import io.hypernetes.objects.GroupVersion;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Where a kind lives in the API.
///
/// @param groupVersion group (empty for core) and version
/// @param resource the plural in paths, such as `pods`
/// @param singular such as `pod`
/// @param kind such as `Pod`
/// @param namespaced whether objects live in a namespace
/// @param shortNames what kubectl also accepts, such as `po`
/// @param categories such as `all`
/// @param verbs in discovery's words: `create`, `delete`, `deletecollection`, `get`, `list`, `patch`, `update`, `watch`; sorted
/// @param subresources those that are served, by name, such as `status`
/// @param schemaType the name of the type in the schema, such as `core.v1.Pod`
/// @param rootOnly whether only the operator's own cluster (the tenant `root`) has objects of this kind
/// @param shared whether tenants see the operator's objects of this kind, in part and for reading only
/// @param storedVersion the group and version in whose form objects are stored; another than [#groupVersion] for a kind that is a second
///     face of the same objects, such as `events.k8s.io/v1` Events
public record ResourceType(
        GroupVersion groupVersion,
        String resource,
        String singular,
        String kind,
        boolean namespaced,
        List<String> shortNames,
        List<String> categories,
        List<String> verbs,
        Map<String, Subresource> subresources,
        String schemaType,
        boolean rootOnly,
        boolean shared,
        GroupVersion storedVersion) {
    /// As [#qualifiedResource] has them.
    private static final Set<String> RETURNED = Set.of(
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "podtemplates",
            "resourcequotas",
            "serviceaccounts",
            "services",
            "deviceclasses.resource.k8s.io",
            "resourceclaims.resource.k8s.io",
            "resourceclaimtemplates.resource.k8s.io",
            "resourceslices.resource.k8s.io",
            "csidrivers.storage.k8s.io",
            "csinodes.storage.k8s.io",
            "storageclasses.storage.k8s.io",
            "volumeattachments.storage.k8s.io",
            "volumeattributesclasses.storage.k8s.io");

    /// A part of an object with a path of its own, such as `pods/status`.
    ///
    /// @param verbs in discovery's words; for streams `create` and `get`
    /// @param groupVersion of the kind that is exchanged
    /// @param kind what is exchanged there, such as `Pod` or `PodExecOptions`
    public record Subresource(String name, List<String> verbs, GroupVersion groupVersion, String kind) {}

    /// Whether this is a certain resource of a certain group. Its name alone does not tell: tenants choose names too.
    public boolean is(String group, String name) {
        return group().equals(group) && resource.equals(name);
    }

    /// The API group; empty for core.
    public String group() {
        return groupVersion.group();
    }

    /// The API version.
    public String version() {
        return groupVersion.version();
    }

    /// `v1` or `apps/v1`.
    public String apiVersion() {
        return groupVersion.apiVersion();
    }

    /// The kind of a list: `PodList`.
    public String listKind() {
        return kind + "List";
    }

    /// `pods` or `leases.coordination.k8s.io`, as messages name a resource.
    public String qualifiedResource() {
        return group().isEmpty() ? resource : resource + "." + group();
    }

    /// Whether who deletes an object is answered with the object and not with a Status, as `ReturnDeletedObject` says in the stores of upstream's `pkg/registry`: clients
    /// that are made of the published API read the one or the other.
    public boolean returnsDeleted() {
        return RETURNED.contains(qualifiedResource());
    }

    /// Whether nobody writes objects here.
    public boolean readOnly() {
        return !verbs.contains("create");
    }

    /// The same place for those who only read.
    ResourceType forReading() {
        return new ResourceType(
                groupVersion, resource, singular, kind, namespaced, shortNames, categories, List.of("get", "list", "watch"), Map.of(),
                schemaType, rootOnly, shared, storedVersion);
    }

    /// The same place without its other names, of which a tenant's definition may have as many as it likes: for whoever keeps it.
    public ResourceType withoutAliases() {
        return new ResourceType(
                groupVersion, resource, singular, kind, namespaced, List.of(), List.of(), verbs, subresources, schemaType, rootOnly, shared, storedVersion);
    }

    /// Whether objects are stored in the form of this very kind.
    public boolean isStored() {
        return storedVersion.equals(groupVersion);
    }

    /// Whether a status subresource keeps spec and status apart.
    public boolean hasStatus() {
        return subresources.containsKey("status");
    }
}
