package io.hypernetes.objects.kind;

import io.hypernetes.objects.Names;
import java.util.List;
import java.util.Set;

/// The names of what is counted, sorted as upstream's `pkg/apis/core/helper/helpers.go` sorts them.
final class ResourceNames {
    private static final Set<String> OF_CONTAINERS = Set.of("cpu", "memory", "ephemeral-storage");
    private static final Set<String> WHOLE = Set.of(
            "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
            "services.nodeports", "services.loadbalancers");
    private static final Set<String> PARTS = Set.of(
            "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage",
            "limits.cpu", "limits.memory", "limits.ephemeral-storage");

    private ResourceNames() {}

    /// Whether it is Kubernetes' own.
    static boolean isNative(String name) {
        return !name.contains("/") || name.contains("kubernetes.io/");
    }

    /// Whether somebody else counts it, and a quota may.
    static boolean isExtended(String name) {
        return !isNative(name) && !name.startsWith("requests.") && Names.qualified("requests." + name).isEmpty();
    }

    /// Whether it is counted in whole numbers.
    static boolean isWhole(String name) {
        return WHOLE.contains(name) || isExtended(name);
    }

    /// Whether more of it may be promised than is there.
    static boolean isOvercommitted(String name) {
        return isNative(name) && !name.startsWith("hugepages-");
    }

    static boolean isOfQuotas(String name) {
        return WHOLE.contains(name) || PARTS.contains(name) || name.startsWith("hugepages-") || name.startsWith("requests.hugepages-");
    }

    /// Any resource: validateResourceName of `pkg/apis/core/validation/validation.go`.
    static void validate(String name, String at, Errors errors) {
        List<String> wrong = Names.qualified(name);
        errors.invalid(at, name, wrong);
        if (wrong.isEmpty() && !name.contains("/") && !isOfQuotas(name) && !name.equals("storage")) {
            errors.invalid(at, name, "must be a standard resource type or fully qualified");
        }
    }

    /// One that a container may ask for; what is wrong with any resource is told before.
    static void validateOfContainer(String name, String at, Errors errors) {
        validate(name, at, errors);
        if (!name.contains("/")) {
            if (!OF_CONTAINERS.contains(name) && !name.startsWith("hugepages-")) {
                errors.invalid(at, name, "must be a standard resource for containers");
            }
        } else if (!isNative(name) && !isExtended(name)) {
            errors.invalid(at, name, "doesn't follow extended resource name standard");
        }
    }

    /// One that a quota may limit.
    static void validateOfQuota(String name, String at, Errors errors) {
        validate(name, at, errors);
        if (!name.contains("/") && !isOfQuotas(name)) {
            errors.invalid(at, name, "must be a standard resource for quota");
        }
    }
}
