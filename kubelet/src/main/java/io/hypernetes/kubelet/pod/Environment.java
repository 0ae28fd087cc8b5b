package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.hypernetes.kubelet.ServiceVariables;
import io.hypernetes.kubelet.volume.NamedObjects;
import io.hypernetes.kubelet.volume.PodFields;
import io.hypernetes.kubelet.volume.Sources;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
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

    /// @param expansion counts what the container gets
    /// @throws ConfigException when something it refers to is missing and not optional, or when all is too much for a program
    Map<String, String> of(String tenant, PodFields fields, Container container, Expansion expansion) {
        String namespace = fields.pod().getMetadata().getNamespace();
        boolean links = !Boolean.FALSE.equals(fields.pod().getSpec().getEnableServiceLinks());
        Map<String, String> variables = new LinkedHashMap<>();
        services.of(tenant, namespace, links)
                .orElseThrow(() -> new ConfigException("services have not yet been read at least once, cannot construct envvars"))
                .forEach((name, value) -> variables.put(name, expansion.count(name, value)));
        NamedObjects objects = named(tenant, namespace, container);
        for (EnvFromSource from : container.getEnvFrom()) {
            String prefix = from.getPrefix() == null ? "" : from.getPrefix();
            all(objects, from).forEach((key, value) -> variables.put(prefix + key, expansion.count(prefix + key, text(value))));
        }
        // A variable sees those before it, and only under its final value.
        for (EnvVar variable : container.getEnv()) {
            String name = variable.getName();
            Optional<String> value = variable.getValueFrom() == null
                    ? Optional.of(expansion.value(name, variable.getValue() == null ? "" : variable.getValue(), variables))
                    : from(objects, namespace, fields, container, variable.getValueFrom()).map(text -> expansion.count(name, text));
            value.ifPresent(text -> variables.put(name, text));
        }
        return variables;
    }

    private NamedObjects named(String tenant, String namespace, Container container) {
        NamedObjects objects = new NamedObjects(sources, tenant, namespace, false, Expansion.MOST_BYTES, ConfigException::new);
        for (EnvFromSource from : container.getEnvFrom()) {
            if (from.getConfigMapRef() != null) {
                objects.needConfigMap(from.getConfigMapRef().getName());
            }
            if (from.getSecretRef() != null) {
                objects.needSecret(from.getSecretRef().getName());
            }
        }
        for (EnvVar variable : container.getEnv()) {
            EnvVarSource source = variable.getValueFrom();
            if (source != null && source.getConfigMapKeyRef() != null) {
                objects.needConfigMap(source.getConfigMapKeyRef().getName(), List.of(source.getConfigMapKeyRef().getKey()));
            } else if (source != null && source.getSecretKeyRef() != null) {
                objects.needSecret(source.getSecretKeyRef().getName(), List.of(source.getSecretKeyRef().getKey()));
            }
        }
        return objects;
    }

    private static Map<String, byte[]> all(NamedObjects objects, EnvFromSource from) {
        if (from.getConfigMapRef() != null) {
            Optional<Map<String, byte[]>> map = objects.configMap(from.getConfigMapRef().getName());
            if (map.isEmpty()) {
                missing(from.getConfigMapRef().getOptional(), "configmap \"" + from.getConfigMapRef().getName() + "\" not found");
            }
            return map.orElse(Map.of());
        }
        if (from.getSecretRef() != null) {
            Optional<Map<String, byte[]>> secret = objects.secret(from.getSecretRef().getName());
            if (secret.isEmpty()) {
                missing(from.getSecretRef().getOptional(), "secret \"" + from.getSecretRef().getName() + "\" not found");
            }
            return secret.orElse(Map.of());
        }
        return Map.of();
    }

    private static Optional<String> from(NamedObjects objects, String namespace, PodFields fields, Container container, EnvVarSource source) {
        if (source.getConfigMapKeyRef() != null) {
            var ref = source.getConfigMapKeyRef();
            Optional<Map<String, byte[]>> map = objects.configMap(ref.getName());
            if (map.isEmpty()) {
                return missing(ref.getOptional(), "configmap \"" + ref.getName() + "\" not found");
            }
            byte[] value = map.get().get(ref.getKey());
            return value != null ? Optional.of(text(value))
                    : missing(ref.getOptional(), "couldn't find key " + ref.getKey() + " in ConfigMap " + namespace + "/" + ref.getName());
        }
        if (source.getSecretKeyRef() != null) {
            var ref = source.getSecretKeyRef();
            Optional<Map<String, byte[]>> secret = objects.secret(ref.getName());
            if (secret.isEmpty()) {
                return missing(ref.getOptional(), "secret \"" + ref.getName() + "\" not found");
            }
            byte[] value = secret.get().get(ref.getKey());
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

    private static String text(byte[] value) {
        return new String(value, StandardCharsets.UTF_8);
    }
}
