package io.hypernetes.kubelet;

import java.util.Map;
import java.util.Optional;

/// Tells containers where services are, by variables. Safe for use by many threads.
@FunctionalInterface
public interface ServiceVariables {
    /// For nodes whose network knows no services.
    ServiceVariables NONE = (tenant, namespace, links) -> Optional.of(Map.of());

    /// @param links whether the services of the namespace are wanted, beside the API server
    /// @return empty when they are not known yet: the container is then started later
    Optional<Map<String, String>> of(String tenant, String namespace, boolean links);
}
