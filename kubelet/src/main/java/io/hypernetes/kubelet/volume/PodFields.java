package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import io.hypernetes.client.ObjectKey;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The downward API: what a pod may learn about itself.
///
/// @param ips the pod's addresses, empty before it has any
/// @param hostIp the node's address
/// @param allocatable what the node offers to pods, which stands for limits that a container does not set
public record PodFields(Pod pod, List<String> ips, String hostIp, Map<String, Quantity> allocatable) {

    /// The value of a field path such as `metadata.labels['app']`; empty when this release does not know the path.
    public Optional<String> field(String path) {
        ObjectMeta meta = pod.getMetadata();
        int bracket = path.indexOf("['");
        if (bracket > 0 && path.endsWith("']")) {
            String key = path.substring(bracket + 2, path.length() - 2);
            return switch (path.substring(0, bracket)) {
                case "metadata.labels" -> Optional.of(orEmpty(meta.getLabels()).getOrDefault(key, ""));
                case "metadata.annotations" -> Optional.of(annotations().getOrDefault(key, ""));
                default -> Optional.empty();
            };
        }
        return switch (path) {
            case "metadata.name" -> Optional.of(meta.getName());
            case "metadata.namespace" -> Optional.of(meta.getNamespace());
            case "metadata.uid" -> Optional.of(meta.getUid());
            case "metadata.labels" -> Optional.of(lines(orEmpty(meta.getLabels())));
            case "metadata.annotations" -> Optional.of(lines(annotations()));
            case "spec.nodeName" -> Optional.of(text(pod.getSpec().getNodeName()));
            case "spec.serviceAccountName" -> Optional.of(text(pod.getSpec().getServiceAccountName()));
            case "status.hostIP", "status.hostIPs" -> Optional.of(hostIp);
            case "status.podIP" -> Optional.of(ips.isEmpty() ? "" : ips.getFirst());
            case "status.podIPs" -> Optional.of(String.join(",", ips));
            default -> Optional.empty();
        };
    }

    /// A request or limit of a container, divided and rounded up; empty when the resource is not known.
    public Optional<String> resource(ResourceFieldSelector selector, @Nullable String container) {
        String name = selector.getContainerName() == null ? container : selector.getContainerName();
        Optional<Container> owner = pod.getSpec().getContainers().stream().filter(each -> each.getName().equals(name)).findFirst()
                .or(() -> pod.getSpec().getInitContainers().stream().filter(each -> each.getName().equals(name)).findFirst());
        int dot = selector.getResource().indexOf('.');
        if (owner.isEmpty() || dot < 0) {
            return Optional.empty();
        }
        String resource = selector.getResource().substring(dot + 1);
        boolean limit = selector.getResource().startsWith("limits.");
        Map<String, Quantity> limits = owner.get().getResources() == null ? Map.of() : orEmpty(owner.get().getResources().getLimits());
        Map<String, Quantity> requests = owner.get().getResources() == null ? Map.of() : orEmpty(owner.get().getResources().getRequests());
        Quantity value = limit ? limits.getOrDefault(resource, allocatable.get(resource)) : requests.get(resource);
        BigDecimal amount = value == null ? BigDecimal.ZERO : value.getNumericalAmount();
        BigDecimal divisor = selector.getDivisor() == null ? BigDecimal.ONE : selector.getDivisor().getNumericalAmount();
        if (divisor.signum() <= 0) {
            divisor = BigDecimal.ONE;
        }
        return Optional.of(amount.divide(divisor, 0, RoundingMode.CEILING).toPlainString());
    }

    /// The tenant annotation belongs to the components, not to the pod.
    private Map<String, String> annotations() {
        Map<String, String> own = new TreeMap<>(orEmpty(pod.getMetadata().getAnnotations()));
        own.remove(ObjectKey.TENANT_ANNOTATION);
        return own;
    }

    private static String lines(Map<String, String> map) {
        return new TreeMap<>(map).entrySet().stream()
                .map(entry -> entry.getKey() + "=" + quoted(entry.getValue()))
                .collect(Collectors.joining("\n"));
    }

    private static String quoted(String value) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> out.append(c);
            }
        }
        return out.append('"').toString();
    }

    private static <K, V> Map<K, V> orEmpty(@Nullable Map<K, V> map) {
        return map == null ? Map.of() : map;
    }

    private static String text(@Nullable String text) {
        return text == null ? "" : text;
    }
}
