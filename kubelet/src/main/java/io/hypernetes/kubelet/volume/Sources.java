package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.Optional;

/// Where ConfigMaps, Secrets, claims and tokens come from. Implementations block and throw when the API cannot answer.
public interface Sources {
    Optional<ConfigMap> configMap(String tenant, String namespace, String name);

    Optional<Secret> secret(String tenant, String namespace, String name);

    Optional<PersistentVolumeClaim> claim(String tenant, String namespace, String name);

    Optional<PersistentVolume> persistentVolume(String tenant, String name);

    /// The handler of a RuntimeClass of the tenant; empty when there is no such class.
    Optional<String> runtimeHandler(String tenant, String name);

    /// The uid of a tenant, by which it differs from an earlier one of its name; empty when there is no such tenant.
    Optional<String> tenantUid(String tenant);

    /// A token for the pod's service account, bound to the pod.
    String token(TokenRequest request);

    /// What is asked of the token.
    ///
    /// @param audience empty for the API server's own
    record TokenRequest(
            String tenant, String namespace, String serviceAccount, String podName, String podUid, String audience, long expirationSeconds) {}
}
