package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.Secret;
import io.hypernetes.kubelet.ServiceVariables;
import io.hypernetes.kubelet.volume.PodFields;
import io.hypernetes.kubelet.volume.Sources;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Computes the variables of a container, in order: those of services, `envFrom`, then `env`, later ones winning.
final class Environment {
    private final Sources sources;
    private final ServiceVariables services;

    Environment(Sources sources, ServiceVariables services) {
        this.sources = sources;
        this.services = services;
    }

    /// @throws ConfigException when something it refers to is missing and not optional
    Map<String, String> of(String tenant, PodFields fields, Container container) {
        String namespace = fields.pod().getMetadata().getNamespace();
        boolean links = !Boolean.FALSE.equals(fields.pod().getSpec().getEnableServiceLinks());
        Map<String, String> variables = new LinkedHashMap<>(services.of(tenant, namespace, links)
                .orElseThrow(() -> new ConfigException("services have not yet been read at least once, cannot construct envvars")));
        for (EnvFromSource from : container.getEnvFrom()) {
            String prefix = from.getPrefix() == null ? "" : from.getPrefix();
            all(tenant, namespace, from).forEach((key, value) -> variables.put(prefix + key, value));
        }
        // A variable sees those before it, and only under its final value.
        Map<String, String> visible = new HashMap<>(variables);
        for (EnvVar variable : container.getEnv()) {
            Optional<String> value = variable.getValueFrom() == null
                    ? Optional.of(Expansion.expand(variable.getValue() == null ? "" : variable.getValue(), visible))
                    : from(tenant, namespace, fields, container, variable.getValueFrom());
            value.ifPresent(text -> {
                variables.put(variable.getName(), text);
                visible.put(variable.getName(), text);
            });
        }
        return variables;
    }

    private Map<String, String> all(String tenant, String namespace, EnvFromSource from) {
        if (from.getConfigMapRef() != null) {
            Optional<ConfigMap> map = sources.configMap(tenant, namespace, from.getConfigMapRef().getName());
            if (map.isEmpty()) {
                missing(from.getConfigMapRef().getOptional(), "configmap \"" + from.getConfigMapRef().getName() + "\" not found");
                return Map.of();
            }
            return new java.util.TreeMap<>(map.get().getData());
        }
        if (from.getSecretRef() != null) {
            Optional<Secret> secret = sources.secret(tenant, namespace, from.getSecretRef().getName());
            if (secret.isEmpty()) {
                missing(from.getSecretRef().getOptional(), "secret \"" + from.getSecretRef().getName() + "\" not found");
                return Map.of();
            }
            Map<String, String> texts = new java.util.TreeMap<>();
            secret.get().getData().forEach((key, value) -> texts.put(key, text(value)));
            return texts;
        }
        return Map.of();
    }

    private Optional<String> from(String tenant, String namespace, PodFields fields, Container container, EnvVarSource source) {
        if (source.getConfigMapKeyRef() != null) {
            var ref = source.getConfigMapKeyRef();
            Optional<ConfigMap> map = sources.configMap(tenant, namespace, ref.getName());
            if (map.isEmpty()) {
                return missing(ref.getOptional(), "configmap \"" + ref.getName() + "\" not found");
            }
            String value = map.get().getData().get(ref.getKey());
            return value != null ? Optional.of(value)
                    : missing(ref.getOptional(), "couldn't find key " + ref.getKey() + " in ConfigMap " + namespace + "/" + ref.getName());
        }
        if (source.getSecretKeyRef() != null) {
            var ref = source.getSecretKeyRef();
            Optional<Secret> secret = sources.secret(tenant, namespace, ref.getName());
            if (secret.isEmpty()) {
                return missing(ref.getOptional(), "secret \"" + ref.getName() + "\" not found");
            }
            String value = secret.get().getData().get(ref.getKey());
            return value != null ? Optional.of(text(value))
                    : missing(ref.getOptional(), "couldn't find key " + ref.getKey() + " in Secret " + namespace + "/" + ref.getName());
        }
        if (source.getFieldRef() != null) {
            String path = source.getFieldRef().getFieldPath();
            return Optional.of(fields.field(path).orElseThrow(() -> new ConfigException("unsupported fieldPath: " + path)));
        }
        if (source.getResourceFieldRef() != null) {
            String resource = source.getResourceFieldRef().getResource();
            return Optional.of(fields.resource(source.getResourceFieldRef(), container.getName())
                    .orElseThrow(() -> new ConfigException("unsupported resource: " + resource)));
        }
        throw new ConfigException("a variable takes its value from a source that this release does not have");
    }

    private static Optional<String> missing(@Nullable Boolean optional, String message) {
        if (Boolean.TRUE.equals(optional)) {
            return Optional.empty();
        }
        throw new ConfigException(message);
    }

    private static String text(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }
}
