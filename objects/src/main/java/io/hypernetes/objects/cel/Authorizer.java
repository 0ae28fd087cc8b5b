package io.hypernetes.objects.cel;

import dev.cel.common.types.CelType;
import dev.cel.common.types.OpaqueType;
import java.util.Map;

/// The values behind `authorizer`: a question is put together step by step, and answered by `check`.
final class Authorizer {
    static final CelType AUTHORIZER = OpaqueType.create("kubernetes.authorization.Authorizer");
    static final CelType PATH = OpaqueType.create("kubernetes.authorization.PathCheck");
    static final CelType GROUP = OpaqueType.create("kubernetes.authorization.GroupCheck");
    static final CelType RESOURCE = OpaqueType.create("kubernetes.authorization.ResourceCheck");
    static final CelType DECISION = OpaqueType.create("kubernetes.authorization.Decision");

    /// What an answer costs: an expression may have two.
    static final long COST = 350_000;

    /// The name of the function that answers.
    static final String CHECK = "check";

    private Authorizer() {}

    /// What an expression put together may be long, and is not told in errors.
    record Path(Rights rights, String path) {
        @Override
        public String toString() {
            return "PathCheck";
        }

        Rights.Decision check(String verb) {
            return rights.onPath(verb, path);
        }
    }

    /// As [Path].
    record Group(Rights rights, String group) {
        @Override
        public String toString() {
            return "GroupCheck";
        }

        Resource resource(String resource) {
            return new Resource(rights, group, resource, "", "", "");
        }
    }

    /// As [Path].
    record Resource(Rights rights, String group, String resource, String subresource, String namespace, String name) {
        @Override
        public String toString() {
            return "ResourceCheck";
        }

        Resource subresource(String part) {
            return new Resource(rights, group, resource, part, namespace, name);
        }

        Resource namespace(String home) {
            return new Resource(rights, group, resource, subresource, home, name);
        }

        Resource name(String own) {
            return new Resource(rights, group, resource, subresource, namespace, own);
        }

        Rights.Decision check(String verb) {
            return rights.onResource(verb, group, resource, subresource, namespace, name);
        }
    }

    /// The variables, with their types.
    static Map<String, CelType> variables() {
        return Map.of("authorizer", AUTHORIZER, "authorizer.requestResource", RESOURCE);
    }
}
