package io.hypernetes.identity;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Someone who was authenticated. Immutable.
///
/// @param tenant the home tenant: `root` for the operator's own cluster
/// @param name the user name, such as `system:node:n1`
/// @param uid empty when there is none
/// @param groups in the order given, `system:authenticated` last
/// @param extra what authorisers may also look at
public record Principal(String tenant, String name, String uid, List<String> groups, Map<String, List<String>> extra) {
    /// The tenant that owns the physical cluster.
    public static final String ROOT = "root";

    /// The group of cluster administrators: in `root` the operators, in a tenant its own administrators.
    public static final String ADMINISTRATORS = "system:masters";

    /// The group of nodes; their user names are [#NODE_PREFIX] and the node's name.
    public static final String NODES = "system:nodes";

    /// What the user name of a node begins with.
    public static final String NODE_PREFIX = "system:node:";

    /// The group of all who are authenticated.
    public static final String AUTHENTICATED = "system:authenticated";

    public Principal {
        groups = List.copyOf(groups);
        Map<String, List<String>> copy = new LinkedHashMap<>();
        extra.forEach((key, values) -> copy.put(key, List.copyOf(values)));
        extra = Map.copyOf(copy);
    }

    /// Someone nobody vouched for, in a tenant.
    public static Principal anonymous(String tenant) {
        return new Principal(tenant, "system:anonymous", "", List.of("system:unauthenticated"), Map.of());
    }

    /// Whether this is an operator: an administrator of `root`.
    public boolean isOperator() {
        return tenant.equals(ROOT) && groups.contains(ADMINISTRATORS);
    }

    /// Whether this is a node of the physical cluster.
    public boolean isNode() {
        return tenant.equals(ROOT) && groups.contains(NODES) && name.startsWith(NODE_PREFIX);
    }

    /// The name of the node that this is, empty for others.
    public String nodeName() {
        return isNode() ? name.substring(NODE_PREFIX.length()) : "";
    }
}
