package io.hypernetes.controllers.pods;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.Caches;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.ResourceType;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// The sizes of what has one, by the subresource `scale`: of built-in kinds, and of those that a tenant has defined, which are asked for by discovery.
/// Thread-safe.
public final class Scales {
    /// What others wrote comes into paths of requests that may do everything.
    private static final Pattern VERSION = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/[a-z]([-a-z0-9]{0,61}[a-z0-9])?");
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?");

    private final Client client;
    private final Map<String, Target> builtIn = new HashMap<>();

    /// A kind that a tenant has.
    ///
    /// @param scales whether its objects have a size
    public record Target(Kind<GenericKubernetesResource> kind, boolean scales) {}

    public Scales(Client client) {
        this.client = client;
        for (ResourceType type : Kinds.types()) {
            builtIn.putIfAbsent(type.group() + "/" + type.kind(), new Target(
                    Kind.generic(type.group(), type.version(), type.resource(), type.kind(), type.namespaced()), type.subresources().containsKey("scale")));
        }
    }

    /// The kind that a reference means; empty when nobody serves it.
    ///
    /// @throws ApiException when that cannot be asked
    public Optional<Target> target(String tenant, String apiVersion, String kind) {
        Optional<Target> known = builtIn(apiVersion, kind);
        if (known.isPresent()) {
            return known;
        }
        return VERSION.matcher(apiVersion).matches()
                ? found(() -> client.read(tenant, "/apis/" + apiVersion)).flatMap(discovered -> defined(discovered.path("resources"), apiVersion, kind))
                : Optional.empty();
    }

    /// The same for the kinds that every tenant has, without a question.
    Optional<Target> builtIn(String apiVersion, String kind) {
        return Optional.ofNullable(builtIn.get(Caches.groupOf(apiVersion) + "/" + kind));
    }

    private static Optional<Target> defined(JsonNode resources, String apiVersion, String kind) {
        for (JsonNode resource : resources) {
            String plural = resource.path("name").asString("");
            if (resource.path("kind").asString("").equals(kind) && NAME.matcher(plural).matches()) {
                boolean scales = resources.valueStream().anyMatch(other -> other.path("name").asString("").equals(plural + "/scale"));
                String group = Caches.groupOf(apiVersion);
                return Optional.of(new Target(Kind.generic(group, apiVersion.substring(group.length() + 1), plural, kind, resource.path("namespaced").asBoolean(false)), scales));
            }
        }
        return Optional.empty();
    }

    /// The size of an object, as its subresource has it; empty when there is no such object.
    ///
    /// @throws ApiException when it is refused
    public Optional<JsonNode> read(Target target, ObjectKey name) {
        Kind<?> kind = target.kind();
        String path = (kind.group().isEmpty() ? "/api/" : "/apis/" + kind.group() + "/") + kind.version()
                + "/namespaces/" + name.namespace() + "/" + kind.plural() + "/" + name.name() + "/scale";
        return NAME.matcher(name.name()).matches() ? found(() -> client.read(name.tenant(), path)) : Optional.empty();
    }

    private static Optional<JsonNode> found(java.util.function.Supplier<JsonNode> question) {
        try {
            return Optional.of(question.get());
        } catch (ApiException refused) {
            if (refused.isNotFound()) {
                return Optional.empty();
            }
            throw refused;
        }
    }
}
