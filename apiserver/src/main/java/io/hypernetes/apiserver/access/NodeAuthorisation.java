package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.selector.FieldSelector;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Predicate;

/// What a node may do: itself, the pods bound to it, and what those pods name. Nothing else of any tenant.
final class NodeAuthorisation {
    /// The field by which a node selects the volumes whose disks it has.
    private static final String VOLUME_NODE = "spec.csi.volumeAttributes.node";

    private static final Set<String> SELF_REVIEWS = Set.of(
            "selfsubjectreviews.authentication.k8s.io", "selfsubjectaccessreviews.authorization.k8s.io", "selfsubjectrulesreviews.authorization.k8s.io");

    private final Store store;

    NodeAuthorisation(Store store) {
        this.store = store;
    }

    /// Whether a node asks who it is or what it may: roles say that everybody who is known may ask so (`system:basic-user`).
    static boolean isOfItself(TenantPath tenant, Target target) {
        return SELF_REVIEWS.contains(target.resourcePath() + "." + target.group()) && tenant.tenant().equals(Caller.ROOT) && !tenant.everywhere();
    }

    /// Why a node may not; empty when it may.
    String refusal(String node, TenantPath tenant, Target target, String selector) {
        return switch (target.group() + "/" + target.plural()) {
            case "/nodes" -> nodes(node, tenant, target);
            case "coordination.k8s.io/leases" -> lease(node, tenant, target);
            case "certificates.k8s.io/certificatesigningrequests" -> request(tenant, target);
            case "/pods" -> pods(node, tenant, target, selector);
            case "/configmaps", "/secrets" -> named(node, tenant, target, selector);
            case "/persistentvolumeclaims" -> claim(node, tenant, target);
            case "/persistentvolumes" -> volume(node, tenant, target, selector);
            case "hypernetes.io/tenants" -> tenant(node, tenant, target);
            case "/services", "discovery.k8s.io/endpointslices" -> services(node, tenant, target);
            case "node.k8s.io/runtimeclasses" -> runtimeClass(node, tenant, target);
            case "/serviceaccounts" -> token(tenant, target);
            case "/events", "events.k8s.io/events" -> event(tenant, target);
            default -> "a node has no business with it";
        };
    }

    private static String nodes(String node, TenantPath tenant, Target target) {
        if (!tenant.tenant().equals(Caller.ROOT)) {
            return "nodes are in the tenant root";
        }
        boolean self = target.name().equals(node);
        return switch (target.verb()) {
            // The name of a new node is checked against the caller when its body is read.
            case "create" -> target.subresource().isEmpty() ? "" : "no such part of a node";
            // Where the other nodes' pods are, each node must know: the routes between them are its own to keep.
            case "get", "list", "watch" -> "";
            case "update", "patch" -> self ? "" : "node " + node + " may only change itself";
            default -> "a node may not do that";
        };
    }

    private static String lease(String node, TenantPath tenant, Target target) {
        if (!tenant.tenant().equals(Caller.ROOT) || !target.namespace().equals("kube-node-lease")) {
            return "a node's lease is in the namespace kube-node-lease of root";
        }
        if (target.verb().equals("create")) {
            return "";
        }
        return target.name().equals(node) ? "" : "node " + node + " may only use its own lease";
    }

    private static String request(TenantPath tenant, Target target) {
        boolean allowed = tenant.tenant().equals(Caller.ROOT)
                && target.subresource().isEmpty()
                && Set.of("create", "get").contains(target.verb());
        return allowed ? "" : "a node may create and read its own requests only";
    }

    private String pods(String node, TenantPath tenant, Target target, String selector) {
        if (target.verb().equals("create") && target.subresource().isEmpty() && tenant.tenant().equals(Caller.ROOT)) {
            // That it mirrors a static pod of this node is checked when its body is read.
            return "";
        }
        if (target.collection()) {
            boolean bound = Set.of("list", "watch").contains(target.verb())
                    && node.equals(demanded(selector, "spec.nodeName"));
            return bound ? "" : "a node reads pods with fieldSelector=spec.nodeName=" + node + " only";
        }
        boolean known = !tenant.everywhere()
                && switch (target.resourcePath()) {
                    case "pods" -> Set.of("get", "delete").contains(target.verb());
                    case "pods/status" -> Set.of("get", "update", "patch").contains(target.verb());
                    default -> false;
                };
        if (!known) {
            return "a node may not do that";
        }
        var key = new ObjectKey(tenant.tenant(), "", "pods", target.namespace(), target.name());
        // A pod that is gone is told as such: the node that had it must be able to learn that.
        return store.get(key.text())
                .map(entry -> new Bound(node).test(entry) ? "" : "the pod is not bound to node " + node)
                .orElse("");
    }

    private String named(String node, TenantPath tenant, Target target, String selector) {
        var name = target.collection() ? demanded(selector, "metadata.name") : target.name();
        if (!Set.of("get", "list", "watch").contains(target.verb())
                || name == null
                || name.isEmpty()
                || target.namespace().isEmpty()
                || tenant.everywhere()) {
            return "a node may only read, by name, what its pods name";
        }
        var prefix = ObjectKey.prefix(tenant.tenant(), "", "pods", target.namespace());
        var bound = new Bound(node);
        for (var entry : store.list(prefix, "", 0).entries()) {
            if (bound.test(entry)) {
                var references = PodReferences.of(Json.readObject(entry.value()));
                var names = target.plural().equals("secrets") ? references.secrets() : references.configMaps();
                if (names.contains(name)) {
                    return "";
                }
            }
        }
        return "no pod on node " + node + " names it";
    }

    private String claim(String node, TenantPath tenant, Target target) {
        // Of the status it may tell the size alone, which is checked when the body is read.
        boolean allowed = target.subresource().isEmpty()
                ? target.verb().equals("get")
                : target.subresource().equals("status") && Set.of("get", "update", "patch").contains(target.verb());
        if (!allowed || tenant.everywhere()) {
            return "a node may only read, by name, the claims that its pods name, and tell their size";
        }
        var pods = store.list(ObjectKey.prefix(tenant.tenant(), "", "pods", target.namespace()), "", 0).entries();
        var bound = new Bound(node);
        boolean named = pods.stream().anyMatch(entry -> bound.test(entry)
                && PodReferences.of(Json.readObject(entry.value())).claims().contains(target.name()));
        return named ? "" : "no pod on node " + node + " names it";
    }

    // The disk of a volume is on the node that the volume names. What is deleted stays until that node has removed its disk.
    private String volume(String node, TenantPath tenant, Target target, String selector) {
        if (target.collection()) {
            boolean own = Set.of("list", "watch").contains(target.verb()) && node.equals(demanded(selector, VOLUME_NODE));
            return own ? "" : "a node reads volumes with fieldSelector=" + VOLUME_NODE + "=" + node + " only";
        }
        if (!Set.of("get", "update").contains(target.verb()) || !target.subresource().isEmpty() || tenant.everywhere()) {
            return "a node may only read its volumes, and let go of those that are deleted";
        }
        var entry = store.get(new ObjectKey(tenant.tenant(), "", "persistentvolumes", "", target.name()).text());
        if (entry.isEmpty()) {
            // What is gone is told as such to who had a pod of the tenant.
            return hasPodOf(node, tenant.tenant()) ? "" : "it is no volume of node " + node;
        }
        var volume = Json.readObject(entry.get().value());
        if (!Json.string(volume, "spec", "csi", "volumeAttributes", "node").equals(node)) {
            return "it is no volume of node " + node;
        }
        return target.verb().equals("get") || !Json.string(volume, "metadata", "deletionTimestamp").isEmpty()
                ? ""
                : "a node may change a volume only to let go of it when it is deleted";
    }

    private String tenant(String node, TenantPath tenant, Target target) {
        boolean allowed = tenant.tenant().equals(Caller.ROOT)
                && target.verb().equals("get")
                && target.subresource().isEmpty()
                && hasPodOf(node, target.name());
        return allowed ? "" : "a node may only read the tenants whose pods are bound to it";
    }

    // Pods may speak to any service of their tenant, so a node must know all of them where it has a pod, and none elsewhere.
    private String services(String node, TenantPath tenant, Target target) {
        if (!Set.of("get", "list", "watch").contains(target.verb()) || !target.subresource().isEmpty() || tenant.everywhere()) {
            return "a node may only read services and endpoints, of one tenant";
        }
        return tenant.tenant().equals(Caller.ROOT) || hasPodOf(node, tenant.tenant()) ? "" : "no pod of the tenant is bound to node " + node;
    }

    /// Whether a pod of the tenant is bound to the node; of `root` each node may have pods at any time, those of its own runtime too.
    boolean hasPodOf(String node, String tenant) {
        if (tenant.equals(Caller.ROOT)) {
            return true;
        }
        return store.list(ObjectKey.prefix(tenant, "", "pods"), "", 0).entries().stream().anyMatch(new Bound(node));
    }

    private String runtimeClass(String node, TenantPath tenant, Target target) {
        boolean allowed = !tenant.everywhere() && target.verb().equals("get") && hasPodOf(node, tenant.tenant());
        return allowed ? "" : "a node may only read, by name, the runtime classes of tenants whose pods it has";
    }

    /// For which pod a token is asked stands in the body, and is checked when that is read.
    private static String token(TenantPath tenant, Target target) {
        boolean allowed = !tenant.everywhere() && target.verb().equals("create") && target.subresource().equals("token");
        return allowed ? "" : "a node may only ask for the tokens of its pods";
    }

    private static String event(TenantPath tenant, Target target) {
        boolean allowed = !tenant.everywhere() && Set.of("create", "patch", "update").contains(target.verb());
        return allowed ? "" : "a node may write events only";
    }

    /// Looks which pods are bound to a node. Most pods are elsewhere: their bytes, all in one array in turn, tell so without being read as JSON.
    private static final class Bound implements Predicate<Entry> {
        private final String node;
        private final byte[] wanted;
        private byte[] room = {};

        Bound(String node) {
            this.node = node;
            this.wanted = ("\"nodeName\":\"" + node + "\"").getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public boolean test(Entry pod) {
            int length = pod.length();
            if (room.length < length) {
                room = new byte[2 * length];
            }
            pod.copyInto(room, 0);
            return contains(length) && Json.string(Json.readObject(pod.value()), "spec", "nodeName").equals(node);
        }

        private boolean contains(int length) {
            for (int i = 0; i <= length - wanted.length; i++) {
                if (room[i] == wanted[0] && Arrays.equals(room, i, i + wanted.length, wanted, 0, wanted.length)) {
                    return true;
                }
            }
            return false;
        }
    }

    private static @org.jspecify.annotations.Nullable String demanded(String selector, String field) {
        try {
            return FieldSelector.parse(selector).demanded(field);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
