package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.Optional;

/// Sources in which there is nothing; tests put in what they need.
class NoSources implements Sources {
    @Override
    public Optional<ConfigMap> configMap(String tenant, String namespace, String name) {
        return Optional.empty();
    }

    @Override
    public Optional<Secret> secret(String tenant, String namespace, String name) {
        return Optional.empty();
    }

    @Override
    public Optional<PersistentVolumeClaim> claim(String tenant, String namespace, String name) {
        return Optional.empty();
    }

    @Override
    public Optional<PersistentVolume> persistentVolume(String tenant, String name) {
        return Optional.empty();
    }

    @Override
    public Optional<String> runtimeHandler(String tenant, String name) {
        return Optional.empty();
    }

    @Override
    public Optional<String> tenantUid(String tenant) {
        return Optional.empty();
    }

    @Override
    public String token(TokenRequest request) {
        return "";
    }
}
