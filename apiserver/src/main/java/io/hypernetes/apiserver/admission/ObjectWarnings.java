package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// What is taken of an object, and is seldom what whoever writes it means: told in upstream's words. What pods ask for stands in [UsualPodWarnings].
public final class ObjectWarnings {
    private static final String CLASS = "volume.beta.kubernetes.io/storage-class";
    private static final String MOUNTS = "volume.beta.kubernetes.io/mount-options";

    private ObjectWarnings() {}

    /// @param resource of a built-in kind, in the plural
    public static void tell(String resource, JsonNode object, Consumer<String> warn) {
        switch (resource) {
            case "pods" -> name(object, "the Pod's hostname", warn);
            case "deployments", "replicasets", "replicationcontrollers", "statefulsets", "jobs", "cronjobs" ->
                name(object, "Pod names and hostnames", warn);
            case "ingresses" -> {
                if (annotated(object, "kubernetes.io/ingress.class")) {
                    warn.accept("annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead");
                }
            }
            case "services" -> headless(object.path("spec"), warn);
            case "persistentvolumeclaims" -> {
                annotation(object, CLASS, "deprecated since v1.8; use \"storageClassName\" attribute instead", warn);
                UsualPodWarnings.fractions(object.path("spec").path("resources"), "spec.resources", List.of("storage"), warn);
            }
            case "persistentvolumes" -> {
                annotation(object, CLASS, "deprecated since v1.8; use \"storageClassName\" attribute instead", warn);
                annotation(object, MOUNTS, "deprecated since v1.31; use \"mountOptions\" attribute instead", warn);
            }
            default -> {}
        }
    }

    /// A generated name is not looked at: it is not known yet.
    private static void name(JsonNode object, String use, Consumer<String> warn) {
        var name = Json.string(object, "metadata", "name");
        var problems = name.isEmpty() ? List.<String>of() : Names.label(name);
        if (!problems.isEmpty()) {
            warn.accept("metadata.name: this is used in " + use + ", which can result in surprising behavior; a DNS label is recommended: ["
                    + String.join(" ", problems) + "]");
        }
    }

    private static void headless(JsonNode spec, Consumer<String> warn) {
        if (!Json.string(spec, "clusterIP").equals("None")) {
            return;
        }
        if (!Json.string(spec, "loadBalancerIP").isEmpty()) {
            warn.accept("spec.loadBalancerIP is ignored for headless services");
        }
        if (!spec.path("externalIPs").isEmpty()) {
            warn.accept("spec.externalIPs is ignored for headless services");
        }
        if (Json.string(spec, "sessionAffinity").equals("ClientIP")) {
            warn.accept("spec.SessionAffinity is ignored for headless services");
        }
    }

    private static boolean annotated(JsonNode object, String key) {
        return object.path("metadata").path("annotations").has(key);
    }

    private static void annotation(JsonNode object, String key, String what, Consumer<String> warn) {
        if (annotated(object, key)) {
            warn.accept("metadata.annotations[" + key + "]: " + what);
        }
    }
}
