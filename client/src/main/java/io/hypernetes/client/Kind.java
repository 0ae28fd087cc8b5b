package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.Binding;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;

/// A kind of object and where the API serves it. `group` is empty for core/v1.
public record Kind<T extends HasMetadata>(
        String group, String version, String plural, String kind, boolean namespaced, Class<T> type) {

    public static final Kind<Pod> POD = core("pods", "Pod", true, Pod.class);
    public static final Kind<Node> NODE = core("nodes", "Node", false, Node.class);
    public static final Kind<Namespace> NAMESPACE = core("namespaces", "Namespace", false, Namespace.class);
    public static final Kind<ConfigMap> CONFIG_MAP = core("configmaps", "ConfigMap", true, ConfigMap.class);
    public static final Kind<Secret> SECRET = core("secrets", "Secret", true, Secret.class);
    public static final Kind<ServiceAccount> SERVICE_ACCOUNT = core("serviceaccounts", "ServiceAccount", true, ServiceAccount.class);
    public static final Kind<Event> EVENT = core("events", "Event", true, Event.class);
    public static final Kind<Binding> BINDING = core("bindings", "Binding", true, Binding.class);
    public static final Kind<Lease> LEASE = new Kind<>("coordination.k8s.io", "v1", "leases", "Lease", true, Lease.class);
    public static final Kind<CertificateSigningRequest> CERTIFICATE_SIGNING_REQUEST = new Kind<>(
            "certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", false, CertificateSigningRequest.class);

    /// A Tenant of the operator; `spec` and `status` are read as trees.
    public static final Kind<GenericKubernetesResource> TENANT = generic("hypernetes.io", "v1", "tenants", "Tenant", false);

    /// A kind known only by name, for code that handles whatever discovery offers.
    public static Kind<GenericKubernetesResource> generic(String group, String version, String plural, String kind, boolean namespaced) {
        return new Kind<>(group, version, plural, kind, namespaced, GenericKubernetesResource.class);
    }

    /// `v1` or `group/version`.
    public String apiVersion() {
        return group.isEmpty() ? version : group + "/" + version;
    }

    private static <T extends HasMetadata> Kind<T> core(String plural, String kind, boolean namespaced, Class<T> type) {
        return new Kind<>("", "v1", plural, kind, namespaced, type);
    }
}
