package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Node;
import java.util.Optional;

/// The object of this node.
public interface OwnNode {
    /// @param afresh whether what is known must not be older than this call, where the API server can be asked
    /// @return empty as long as nothing is known of it
    Optional<Node> get(boolean afresh);
}
