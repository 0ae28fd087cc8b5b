package io.hypernetes.objects.kind;

import java.time.InstantSource;
import java.util.Map;

/// Which rules belong to which kind; the key is the kind, a dot and the group.
final class Rules {
    private Rules() {}

    static Map<String, KindRules> byKind(InstantSource clock) {
        return Map.ofEntries(
                Map.entry("ConfigMap.", new ConfigMapRules()),
                Map.entry("Event.", new EventRules()),
                Map.entry("Namespace.", new NamespaceRules()),
                Map.entry("Node.", new NodeRules()),
                Map.entry("Pod.", new PodRules()),
                Map.entry("PodTemplate.", new PodTemplateRules()),
                Map.entry("Secret.", new SecretRules()),
                Map.entry("ServiceAccount.", new ServiceAccountRules()),
                Map.entry("CertificateSigningRequest.certificates.k8s.io", new CertificateSigningRequestRules(clock)),
                Map.entry("Lease.coordination.k8s.io", new LeaseRules()),
                Map.entry("Tenant.hypernetes.io", new TenantRules()));
    }
}
