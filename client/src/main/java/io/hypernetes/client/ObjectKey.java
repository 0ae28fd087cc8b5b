package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.Map;
import java.util.Objects;

/// Names one object in the whole system: the tenant, the namespace (empty for cluster-scoped kinds) and the name.
public record ObjectKey(String tenant, String namespace, String name) {

    /// The operator's own tenant, where nodes, tenants and everything physical live.
    public static final String ROOT = "root";

    /// The annotation that cross-tenant reads carry.
    public static final String TENANT_ANNOTATION = "hypernetes.io/tenant";

    public ObjectKey {
        Objects.requireNonNull(tenant, "tenant");
        Objects.requireNonNull(namespace, "namespace");
        Objects.requireNonNull(name, "name");
    }

    /// A cluster-scoped object of the operator's tenant, such as a Node.
    public static ObjectKey root(String name) {
        return new ObjectKey(ROOT, "", name);
    }

    /// The key of an object as a cross-tenant read returned it; without the annotation it belongs to `root`.
    public static ObjectKey of(HasMetadata object) {
        return of(tenantOf(object, ROOT), object);
    }

    /// The key of an object that was read through the path of one tenant.
    public static ObjectKey of(String tenant, HasMetadata object) {
        ObjectMeta meta = object.getMetadata();
        String namespace = meta.getNamespace();
        return new ObjectKey(tenant, namespace == null ? "" : namespace, meta.getName());
    }

    /// The tenant that the object's annotation names, or `otherwise`.
    public static String tenantOf(HasMetadata object, String otherwise) {
        Map<String, String> annotations = object.getMetadata().getAnnotations();
        String tenant = annotations == null ? null : annotations.get(TENANT_ANNOTATION);
        return tenant == null ? otherwise : tenant;
    }

    /// `tenant/namespace/name`, as logs and messages print it.
    @Override
    public String toString() {
        return namespace.isEmpty() ? tenant + "/" + name : tenant + "/" + namespace + "/" + name;
    }
}
