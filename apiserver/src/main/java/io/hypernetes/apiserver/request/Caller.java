package io.hypernetes.apiserver.request;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/// Who makes a request, as far as it is proved.
///
/// @param tenant the home tenant: it follows from who signed the credential
/// @param user such as `alice` or `system:node:n1`
/// @param uid tells apart users of one name; empty when there is none
/// @param extra what else the credential says, such as the pod a token belongs to
public record Caller(String tenant, String user, List<String> groups, String uid, Map<String, List<String>> extra) {
    /// The tenant of the operator.
    public static final String ROOT = "root";

    /// Nobody in particular.
    public static final Caller ANONYMOUS = new Caller(ROOT, "system:anonymous", List.of("system:unauthenticated"));

    private static final String NODE_PREFIX = "system:node:";

    public Caller {
        groups = List.copyOf(groups);
        var copy = new TreeMap<String, List<String>>();
        extra.forEach((name, values) -> copy.put(name, List.copyOf(values)));
        extra = java.util.Collections.unmodifiableMap(copy);
    }

    public Caller(String tenant, String user, List<String> groups) {
        this(tenant, user, groups, "", Map.of());
    }

    public boolean isAnonymous() {
        return groups.contains("system:unauthenticated");
    }

    /// A master of the whole system.
    public boolean isOperator() {
        return tenant.equals(ROOT) && groups.contains("system:masters");
    }

    /// A master of the home tenant and nothing else.
    public boolean isTenantMaster() {
        return !tenant.equals(ROOT) && groups.contains("system:masters");
    }

    public boolean isScheduler() {
        return tenant.equals(ROOT) && user.equals("system:kube-scheduler");
    }

    public boolean isControllerManager() {
        return tenant.equals(ROOT) && user.equals("system:kube-controller-manager");
    }

    /// Holder of a bootstrap token: a machine that wants to become a node.
    public boolean isBootstrapper() {
        return tenant.equals(ROOT) && groups.contains("system:bootstrappers");
    }

    /// The name of the node that calls; empty when it is no node.
    public Optional<String> node() {
        return tenant.equals(ROOT) && groups.contains("system:nodes") && user.startsWith(NODE_PREFIX)
                ? Optional.of(user.substring(NODE_PREFIX.length()))
                : Optional.empty();
    }

    /// What those of a tenant may know of this caller: of its own users all, of others, who are the operator's, the name and the groups. Uid and extra tell
    /// of credentials, sessions and what an issuer says of people, which are between them and the operator.
    public Caller seenFrom(String other) {
        return tenant.equals(other) ? this : new Caller(tenant, user, groups);
    }

    /// Says who this is, as a UserInfo of `authentication.k8s.io`.
    public void describe(ObjectNode info) {
        info.put("username", user);
        if (!uid.isEmpty()) {
            info.put("uid", uid);
        }
        var named = info.putArray("groups");
        groups.forEach(named::add);
        if (!extra.isEmpty()) {
            var more = info.putObject("extra");
            extra.forEach((name, values) -> values.forEach(more.putArray(name)::add));
        }
    }

    /// Whether the caller may work in tenants other than its own.
    public boolean crossesTenants() {
        return isOperator() || isScheduler() || isControllerManager() || node().isPresent();
    }
}
