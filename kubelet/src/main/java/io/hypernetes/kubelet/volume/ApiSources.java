package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// [Sources] read from the API server, each time afresh: the caller decides how often.
public final class ApiSources implements Sources {
    private static final Kind<GenericKubernetesResource> RUNTIME_CLASS =
            Kind.generic("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", false);

    private final Client client;

    public ApiSources(Client client) {
        this.client = client;
    }

    @Override
    public Optional<ConfigMap> configMap(String tenant, String namespace, String name) {
        return client.of(Kind.CONFIG_MAP).find(new ObjectKey(tenant, namespace, name));
    }

    @Override
    public Optional<Secret> secret(String tenant, String namespace, String name) {
        return client.of(Kind.SECRET).find(new ObjectKey(tenant, namespace, name));
    }

    @Override
    public Optional<PersistentVolumeClaim> claim(String tenant, String namespace, String name) {
        return client.of(Kind.PERSISTENT_VOLUME_CLAIM).find(new ObjectKey(tenant, namespace, name));
    }

    @Override
    public Optional<PersistentVolume> persistentVolume(String tenant, String name) {
        return client.of(Kind.PERSISTENT_VOLUME).find(new ObjectKey(tenant, "", name));
    }

    @Override
    public Optional<String> runtimeHandler(String tenant, String name) {
        return client.of(RUNTIME_CLASS)
                .find(new ObjectKey(tenant, "", name))
                .map(found -> String.valueOf(found.getAdditionalProperties().getOrDefault("handler", "")));
    }

    @Override
    public Optional<String> tenantUid(String tenant) {
        return client.of(Kind.TENANT).find(ObjectKey.root(tenant)).map(found -> found.getMetadata().getUid());
    }

    @Override
    public String token(TokenRequest request) {
        Map<String, Object> body = Map.of(
                "apiVersion", "authentication.k8s.io/v1",
                "kind", "TokenRequest",
                "spec", Map.of(
                        "audiences", request.audience().isEmpty() ? List.of() : List.of(request.audience()),
                        "expirationSeconds", request.expirationSeconds(),
                        "boundObjectRef", Map.of(
                                "apiVersion", "v1", "kind", "Pod", "name", request.podName(), "uid", request.podUid())));
        ObjectKey account = new ObjectKey(request.tenant(), request.namespace(), request.serviceAccount());
        return client.of(Kind.SERVICE_ACCOUNT).createSubresource(account, "token", body).path("status").path("token").asString("");
    }
}
