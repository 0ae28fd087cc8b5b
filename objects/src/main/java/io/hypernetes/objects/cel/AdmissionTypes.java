package io.hypernetes.objects.cel;

import com.google.common.collect.ImmutableMap;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The types of `request` and `namespaceObject`, as upstream declares them (`BuildRequestType` and `BuildNamespaceType` of apiserver's
/// `pkg/admission/plugin/cel/compile.go`): a namespace without its owners and managed fields. Times are texts when they are evaluated, so they may be anything.
final class AdmissionTypes {
    private static final ListType TEXTS = ListType.create(SimpleType.STRING);

    private static final StructType KIND =
            struct("GroupVersionKind", Map.of("group", SimpleType.STRING, "version", SimpleType.STRING, "kind", SimpleType.STRING));
    private static final StructType RESOURCE =
            struct("GroupVersionResource", Map.of("group", SimpleType.STRING, "version", SimpleType.STRING, "resource", SimpleType.STRING));
    private static final StructType USER = struct(
            "UserInfo",
            Map.of("username", SimpleType.STRING, "uid", SimpleType.STRING, "groups", TEXTS, "extra", MapType.create(SimpleType.STRING, TEXTS)));

    static final StructType REQUEST = struct("AdmissionRequest", ImmutableMap.<String, CelType>builder()
            .put("kind", KIND)
            .put("resource", RESOURCE)
            .put("subResource", SimpleType.STRING)
            .put("requestKind", KIND)
            .put("requestResource", RESOURCE)
            .put("requestSubResource", SimpleType.STRING)
            .put("name", SimpleType.STRING)
            .put("namespace", SimpleType.STRING)
            .put("operation", SimpleType.STRING)
            .put("userInfo", USER)
            .put("dryRun", SimpleType.BOOL)
            .put("options", SimpleType.DYN)
            .buildOrThrow());

    private static final StructType SPEC = struct("NamespaceSpec", Map.of("finalizers", TEXTS));
    private static final StructType CONDITION = struct(
            "NamespaceCondition",
            Map.of(
                    "status", SimpleType.STRING, "type", SimpleType.STRING, "lastTransitionTime", SimpleType.DYN, "message", SimpleType.STRING,
                    "reason", SimpleType.STRING));
    private static final StructType STATUS =
            struct("NamespaceStatus", Map.of("conditions", ListType.create(CONDITION), "phase", SimpleType.STRING));
    private static final StructType METADATA = struct("NamespaceMetadata", ImmutableMap.<String, CelType>builder()
            .put("name", SimpleType.STRING)
            .put("generateName", SimpleType.STRING)
            .put("namespace", SimpleType.STRING)
            .put("labels", MapType.create(SimpleType.STRING, SimpleType.STRING))
            .put("annotations", MapType.create(SimpleType.STRING, SimpleType.STRING))
            .put("UID", SimpleType.STRING)
            .put("creationTimestamp", SimpleType.DYN)
            .put("deletionGracePeriodSeconds", SimpleType.INT)
            .put("deletionTimestamp", SimpleType.DYN)
            .put("generation", SimpleType.INT)
            .put("resourceVersion", SimpleType.STRING)
            .put("finalizers", TEXTS)
            .buildOrThrow());

    static final StructType NAMESPACE = struct("Namespace", Map.of("metadata", METADATA, "spec", SPEC, "status", STATUS));

    /// All of them.
    static final List<CelType> STRUCTS = List.of(KIND, RESOURCE, USER, REQUEST, SPEC, CONDITION, STATUS, METADATA, NAMESPACE);

    private AdmissionTypes() {}

    private static StructType struct(String name, Map<String, CelType> fields) {
        ImmutableMap<String, CelType> copy = ImmutableMap.copyOf(fields);
        return StructType.create("kubernetes." + name, copy.keySet(), field -> Optional.ofNullable(copy.get(field)));
    }
}
