package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.Binding;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LimitRange;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PartialObjectMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClass;
import io.fabric8.kubernetes.api.model.storage.StorageClass;

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
    public static final Kind<Service> SERVICE = core("services", "Service", true, Service.class);
    public static final Kind<Endpoints> ENDPOINTS = core("endpoints", "Endpoints", true, Endpoints.class);
    public static final Kind<ReplicationController> REPLICATION_CONTROLLER =
            core("replicationcontrollers", "ReplicationController", true, ReplicationController.class);
    public static final Kind<ResourceQuota> RESOURCE_QUOTA = core("resourcequotas", "ResourceQuota", true, ResourceQuota.class);
    public static final Kind<LimitRange> LIMIT_RANGE = core("limitranges", "LimitRange", true, LimitRange.class);
    public static final Kind<PersistentVolume> PERSISTENT_VOLUME =
            core("persistentvolumes", "PersistentVolume", false, PersistentVolume.class);
    public static final Kind<PersistentVolumeClaim> PERSISTENT_VOLUME_CLAIM =
            core("persistentvolumeclaims", "PersistentVolumeClaim", true, PersistentVolumeClaim.class);

    public static final Kind<Deployment> DEPLOYMENT = apps("deployments", "Deployment", Deployment.class);
    public static final Kind<ReplicaSet> REPLICA_SET = apps("replicasets", "ReplicaSet", ReplicaSet.class);
    public static final Kind<StatefulSet> STATEFUL_SET = apps("statefulsets", "StatefulSet", StatefulSet.class);
    public static final Kind<DaemonSet> DAEMON_SET = apps("daemonsets", "DaemonSet", DaemonSet.class);
    public static final Kind<ControllerRevision> CONTROLLER_REVISION =
            apps("controllerrevisions", "ControllerRevision", ControllerRevision.class);
    public static final Kind<Job> JOB = new Kind<>("batch", "v1", "jobs", "Job", true, Job.class);
    public static final Kind<CronJob> CRON_JOB = new Kind<>("batch", "v1", "cronjobs", "CronJob", true, CronJob.class);

    public static final Kind<EndpointSlice> ENDPOINT_SLICE =
            new Kind<>("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true, EndpointSlice.class);
    public static final Kind<PodDisruptionBudget> POD_DISRUPTION_BUDGET =
            new Kind<>("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, PodDisruptionBudget.class);
    public static final Kind<HorizontalPodAutoscaler> HORIZONTAL_POD_AUTOSCALER =
            new Kind<>("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true, HorizontalPodAutoscaler.class);
    public static final Kind<PriorityClass> PRIORITY_CLASS =
            new Kind<>("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false, PriorityClass.class);
    public static final Kind<StorageClass> STORAGE_CLASS =
            new Kind<>("storage.k8s.io", "v1", "storageclasses", "StorageClass", false, StorageClass.class);
    public static final Kind<Lease> LEASE = new Kind<>("coordination.k8s.io", "v1", "leases", "Lease", true, Lease.class);
    public static final Kind<CertificateSigningRequest> CERTIFICATE_SIGNING_REQUEST = new Kind<>(
            "certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", false, CertificateSigningRequest.class);
    public static final Kind<CustomResourceDefinition> CUSTOM_RESOURCE_DEFINITION = new Kind<>(
            "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false, CustomResourceDefinition.class);

    /// A Tenant of the operator; `spec` and `status` are read as trees.
    public static final Kind<GenericKubernetesResource> TENANT = generic("hypernetes.io", "v1", "tenants", "Tenant", false);

    /// A kind known only by name, for code that handles whatever discovery offers.
    public static Kind<GenericKubernetesResource> generic(String group, String version, String plural, String kind, boolean namespaced) {
        return new Kind<>(group, version, plural, kind, namespaced, GenericKubernetesResource.class);
    }

    /// A kind known only by name of which nothing but the metadata is read.
    public static Kind<PartialObjectMetadata> metadata(String group, String version, String plural, String kind, boolean namespaced) {
        return new Kind<>(group, version, plural, kind, namespaced, PartialObjectMetadata.class);
    }

    /// `v1` or `group/version`.
    public String apiVersion() {
        return group.isEmpty() ? version : group + "/" + version;
    }

    /// What to ask the API server for.
    String mediaType() {
        return type == PartialObjectMetadata.class
                ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
                : "application/json";
    }

    /// The same for lists.
    String listMediaType() {
        return type == PartialObjectMetadata.class
                ? Resources.METADATA
                : "application/json";
    }

    private static <T extends HasMetadata> Kind<T> core(String plural, String kind, boolean namespaced, Class<T> type) {
        return new Kind<>("", "v1", plural, kind, namespaced, type);
    }

    private static <T extends HasMetadata> Kind<T> apps(String plural, String kind, Class<T> type) {
        return new Kind<>("apps", "v1", plural, kind, true, type);
    }
}
