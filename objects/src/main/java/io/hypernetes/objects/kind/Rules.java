package io.hypernetes.objects.kind;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/// Which rules belong to which kind; the key is the kind, a dot and the group.
final class Rules {
    private Rules() {}

    static Map<String, KindRules> byKind(InstantSource clock) {
        Map<String, KindRules> rules = new HashMap<>();
        core(rules);
        workloads(rules);
        networking(rules);
        storage(rules);
        access(rules, clock);
        extensions(rules);
        rules.put("Lease.coordination.k8s.io", new LeaseRules());
        rules.put("PriorityClass.scheduling.k8s.io", new PriorityClassRules());
        rules.put("RuntimeClass.node.k8s.io", new RuntimeClassRules());
        rules.put("ResourceClaim.resource.k8s.io", new ResourceClaimRules(false));
        rules.put("ResourceClaimTemplate.resource.k8s.io", new ResourceClaimRules(true));
        rules.put("DeviceClass.resource.k8s.io", new DeviceClassRules());
        rules.put("ResourceSlice.resource.k8s.io", new ResourceSliceRules());
        rules.put("NodeMetrics.metrics.k8s.io", new UsageRules());
        rules.put("PodMetrics.metrics.k8s.io", new UsageRules());
        rules.put("Tenant.hypernetes.io", new TenantRules());
        return rules;
    }

    private static void core(Map<String, KindRules> rules) {
        EventRules events = new EventRules();
        rules.put("ConfigMap.", new ConfigMapRules());
        rules.put("Event.", events);
        rules.put("Event.events.k8s.io", new EventsV1Rules(events));
        rules.put("LimitRange.", new LimitRangeRules());
        rules.put("Namespace.", new NamespaceRules());
        rules.put("Node.", new NodeRules());
        rules.put("Pod.", new PodRules());
        rules.put("PodTemplate.", new PodTemplateRules());
        rules.put("ResourceQuota.", new ResourceQuotaRules());
        rules.put("Secret.", new SecretRules());
        rules.put("ServiceAccount.", new ServiceAccountRules());
    }

    private static void workloads(Map<String, KindRules> rules) {
        rules.put("ReplicationController.", new ReplicationControllerRules());
        rules.put("ControllerRevision.apps", new ControllerRevisionRules());
        rules.put("DaemonSet.apps", new DaemonSetRules());
        rules.put("Deployment.apps", new DeploymentRules());
        rules.put("ReplicaSet.apps", new ReplicaSetRules());
        rules.put("StatefulSet.apps", new StatefulSetRules());
        rules.put("CronJob.batch", new CronJobRules());
        rules.put("Job.batch", new JobRules());
        rules.put("HorizontalPodAutoscaler.autoscaling/v1", new HorizontalPodAutoscalerV1Rules());
        rules.put("HorizontalPodAutoscaler.autoscaling/v2", new HorizontalPodAutoscalerRules());
        rules.put("PodDisruptionBudget.policy", new PodDisruptionBudgetRules());
    }

    private static void networking(Map<String, KindRules> rules) {
        rules.put("Endpoints.", new EndpointsRules());
        rules.put("Service.", new ServiceRules());
        rules.put("EndpointSlice.discovery.k8s.io", new EndpointSliceRules());
        rules.put("Ingress.networking.k8s.io", new IngressRules());
        rules.put("IngressClass.networking.k8s.io", new IngressClassRules());
        rules.put("IPAddress.networking.k8s.io", new IpAddressRules());
        rules.put("NetworkPolicy.networking.k8s.io", new NetworkPolicyRules());
        rules.put("ServiceCIDR.networking.k8s.io", new ServiceCidrRules());
    }

    private static void storage(Map<String, KindRules> rules) {
        rules.put("PersistentVolume.", new PersistentVolumeRules());
        rules.put("PersistentVolumeClaim.", new PersistentVolumeClaimRules());
        rules.put("CSIDriver.storage.k8s.io", new CsiDriverRules());
        rules.put("CSINode.storage.k8s.io", new CsiNodeRules());
        rules.put("CSIStorageCapacity.storage.k8s.io", new CsiStorageCapacityRules());
        rules.put("StorageClass.storage.k8s.io", new StorageClassRules());
        rules.put("VolumeAttachment.storage.k8s.io", new VolumeAttachmentRules());
        rules.put("VolumeAttributesClass.storage.k8s.io", new VolumeAttributesClassRules());
    }

    private static void access(Map<String, KindRules> rules, InstantSource clock) {
        rules.put("CertificateSigningRequest.certificates.k8s.io", new CertificateSigningRequestRules(clock));
        rules.put("ClusterRole.rbac.authorization.k8s.io", new RoleRules(true));
        rules.put("ClusterRoleBinding.rbac.authorization.k8s.io", new RoleBindingRules(true));
        rules.put("Role.rbac.authorization.k8s.io", new RoleRules(false));
        rules.put("RoleBinding.rbac.authorization.k8s.io", new RoleBindingRules(false));
        rules.put("FlowSchema.flowcontrol.apiserver.k8s.io", new FlowSchemaRules());
        rules.put("PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io", new PriorityLevelConfigurationRules());
    }

    private static void extensions(Map<String, KindRules> rules) {
        String admission = ".admissionregistration.k8s.io";
        rules.put("MutatingAdmissionPolicy" + admission, new AdmissionPolicyRules(true));
        rules.put("ValidatingAdmissionPolicy" + admission, new AdmissionPolicyRules(false));
        rules.put("MutatingAdmissionPolicyBinding" + admission, new AdmissionPolicyBindingRules(true));
        rules.put("ValidatingAdmissionPolicyBinding" + admission, new AdmissionPolicyBindingRules(false));
        rules.put("MutatingWebhookConfiguration" + admission, new WebhookConfigurationRules(true));
        rules.put("ValidatingWebhookConfiguration" + admission, new WebhookConfigurationRules(false));
        rules.put("CustomResourceDefinition.apiextensions.k8s.io", new CustomResourceDefinitionRules());
        rules.put("APIService.apiregistration.k8s.io", new ApiServiceRules());
    }

    /// A kind that is printed and nothing more.
    private static KindRules plain(Layout layout) {
        return new KindRules() {
            @Override
            public Layout layout() {
                return layout;
            }
        };
    }
}
