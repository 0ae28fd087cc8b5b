package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.crd.UnknownFormats;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What is taken of an object, and is seldom what whoever writes it means: told in upstream's words. What pods ask for stands in [UsualPodWarnings].
public final class ObjectWarnings {
    private static final String CLASS = "volume.beta.kubernetes.io/storage-class";
    private static final String CLASS_FIELD = "deprecated since v1.8; use \"storageClassName\" attribute instead";
    private static final String MOUNTS = "volume.beta.kubernetes.io/mount-options";
    private static final String ONLY_THESE_SECRETS = "kubernetes.io/enforce-mountable-secrets";
    private static final Map<String, String> OLD_VOLUMES = Map.of(
            "cephfs", "spec.cephfs: deprecated in v1.28, non-functional in v1.31+",
            "photonPersistentDisk", "spec.photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+",
            "scaleIO", "spec.scaleIO: deprecated in v1.16, non-functional in v1.22+",
            "storageos", "spec.storageOS: deprecated in v1.22, non-functional in v1.25+",
            "glusterfs", "spec.glusterfs: deprecated in v1.25, non-functional in v1.26+",
            "rbd", "spec.rbd: deprecated in v1.28, non-functional in v1.31+");
    private static final int MANY_COMPLETIONS = 100_000;
    private static final int MANY_AT_ONCE = 10_000;

    private final JsonNode object;
    private final JsonNode spec;
    private final Told told;

    private ObjectWarnings(JsonNode object, Consumer<String> warn) {
        this.object = object;
        this.spec = object.path("spec");
        this.told = new Told(warn);
    }

    /// Tells of a new object.
    ///
    /// @param resource of a built-in kind, in the plural
    public static void created(String resource, ObjectNode object, Consumer<String> warn) {
        var warnings = new ObjectWarnings(object, warn);
        switch (resource) {
            case "pods" -> warnings.name("the Pod's hostname");
            case "deployments", "replicasets", "replicationcontrollers", "jobs", "cronjobs" -> warnings.name("Pod names and hostnames");
            case "ingresses" -> {
                if (warnings.isAnnotated("kubernetes.io/ingress.class") && !Json.present(object.path("spec").get("ingressClassName"))) {
                    warnings.told.say("annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead");
                }
            }
            case "endpointslices" -> {
                if (Json.string(object, "addressType").equals("FQDN")) {
                    warnings.told.say("spec.addressType: FQDN endpoints are deprecated");
                }
            }
            case "serviceaccounts" -> warnings.annotation(ONLY_THESE_SECRETS, "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets");
            case "customresourcedefinitions" -> warnings.formats(Set.of());
            default -> {}
        }
        warnings.always(resource, true);
    }

    /// Tells of a change.
    ///
    /// @param resource of a built-in kind, in the plural
    public static void updated(String resource, ObjectNode object, ObjectNode old, Consumer<String> warn) {
        var warnings = new ObjectWarnings(object, warn);
        if (resource.equals("serviceaccounts") && !old.path("metadata").path("annotations").has(ONLY_THESE_SECRETS)) {
            warnings.annotation(ONLY_THESE_SECRETS, "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets");
        }
        boolean changed = !object.path("spec").equals(old.path("spec"));
        if (resource.equals("customresourcedefinitions") && changed) {
            warnings.formats(UnknownFormats.of(old));
        }
        warnings.always(resource, changed);
    }

    /// Tells of a change of the state.
    ///
    /// @param resource of a built-in kind, in the plural
    public static void told(String resource, ObjectNode object, Consumer<String> warn) {
        var warnings = new ObjectWarnings(object, warn);
        var status = object.path("status");
        switch (resource) {
            case "pods" -> {
                warnings.addresses(status.path("podIPs"), "status.podIPs", ".ip");
                warnings.addresses(status.path("hostIPs"), "status.hostIPs", ".ip");
            }
            // Upstream leaves the field out.
            case "services" -> warnings.addresses(status.path("loadBalancer").path("ingress"), "status.loadBalancer.ingress", "");
            default -> {}
        }
    }

    private void addresses(JsonNode list, String path, String field) {
        for (int i = 0; i < list.size(); i++) {
            AddressWarnings.address(Json.string(list.path(i), "ip"), path + "[" + i + "]" + field, told);
        }
    }

    private void always(String resource, boolean changed) {
        switch (resource) {
            case "services" -> service();
            case "persistentvolumeclaims" -> {
                annotation(CLASS, CLASS_FIELD);
                claim(spec, "spec");
            }
            case "persistentvolumes" -> volume();
            case "statefulsets" -> statefulSet();
            case "jobs" -> {
                if (changed) {
                    job(spec, "spec");
                }
            }
            case "cronjobs" -> {
                if (changed) {
                    job(spec.path("jobTemplate").path("spec"), "spec.jobTemplate.spec");
                }
            }
            case "nodes" -> node();
            case "runtimeclasses" -> oldSelector();
            case "storageclasses" -> topologies();
            case "csistoragecapacities" -> {
                NodeLabelWarnings.expressions(object.path("nodeTopology"), "nodeTopology", told);
                NodeLabelWarnings.labels(object.path("nodeTopology").path("matchLabels"), "nodeTopology.matchLabels.", "", told);
            }
            case "networkpolicies" -> {
                blocks("ingress", "from");
                blocks("egress", "to");
            }
            case "endpoints" -> endpoints();
            case "endpointslices" -> {
                List<ObjectNode> endpoints = Json.objects(object, "endpoints");
                for (int i = 0; i < endpoints.size() && !isOurs("endpointslice.kubernetes.io/managed-by"); i++) {
                    AddressWarnings.addresses(endpoints.get(i).path("addresses"), "endpoints[" + i + "].addresses", told);
                }
            }
            default -> {}
        }
    }

    /// A generated name is not looked at: it is not known yet.
    private void name(String use) {
        var name = Json.string(object, "metadata", "name");
        var problems = name.isEmpty() ? List.<String>of() : Names.label(name);
        if (!problems.isEmpty()) {
            told.say("metadata.name: this is used in " + use + ", which can result in surprising behavior; a DNS label is recommended: ["
                    + String.join(" ", problems) + "]");
        }
    }

    /// @param known which the definition had before
    private void formats(Set<String> known) {
        UnknownFormats.of(object).stream()
                .filter(format -> !known.contains(format))
                .forEach(format -> told.say("unrecognized format \"" + format + "\""));
    }

    private void service() {
        String type = Json.string(spec, "type");
        boolean headless = (type.isEmpty() || type.equals("ClusterIP")) && Json.string(spec, "clusterIP").equals("None");
        boolean external = !spec.path("externalIPs").isEmpty();
        if (isAnnotated("service.kubernetes.io/topology-aware-hints")) {
            told.say("annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead");
        }
        AddressWarnings.addresses(spec.path("clusterIPs"), "spec.clusterIPs", told);
        if (headless) {
            if (!Json.string(spec, "loadBalancerIP").isEmpty()) {
                told.say("spec.loadBalancerIP is ignored for headless services");
            }
            if (external) {
                told.say("spec.externalIPs is ignored for headless services");
            }
            if (Json.string(spec, "sessionAffinity").equals("ClientIP")) {
                told.say("spec.SessionAffinity is ignored for headless services");
            }
        }
        AddressWarnings.addresses(spec.path("externalIPs"), "spec.externalIPs", told);
        if (external && !headless && !type.equals("ExternalName")) {
            told.say("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
        }
        AddressWarnings.address(Json.string(spec, "loadBalancerIP"), "spec.loadBalancerIP", told);
        AddressWarnings.ranges(spec.path("loadBalancerSourceRanges"), "spec.loadBalancerSourceRanges", told);
        if (external && type.equals("ExternalName")) {
            told.say("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
        }
        if (!type.equals("ExternalName") && !Json.string(spec, "externalName").isEmpty()) {
            told.say("spec.externalName is ignored when spec.type is not \"ExternalName\"");
        }
        if (Json.string(spec, "trafficDistribution").equals("PreferClose")) {
            told.say("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
        }
    }

    private void claim(JsonNode claim, String path) {
        UsualPodWarnings.resources(claim.path("resources"), path + ".resources", List.of("storage"), told);
    }

    private void volume() {
        annotation(CLASS, CLASS_FIELD);
        annotation(MOUNTS, "deprecated since v1.31; use \"mountOptions\" attribute instead");
        if (Json.string(spec, "persistentVolumeReclaimPolicy").equals("Recycle")) {
            told.say("spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.");
        }
        NodeLabelWarnings.selector(spec.path("nodeAffinity").path("required"), "spec.nodeAffinity.required", told);
        OLD_VOLUMES.forEach((source, what) -> {
            if (spec.path(source).isObject()) {
                told.say(what);
            }
        });
    }

    private void statefulSet() {
        List<ObjectNode> claims = Json.objects(spec, "volumeClaimTemplates");
        for (int i = 0; i < claims.size(); i++) {
            claim(claims.get(i).path("spec"), "spec.volumeClaimTemplates[" + i + "]");
        }
        if (Json.number(spec, 0, "revisionHistoryLimit") < 0) {
            told.say("spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended");
        }
    }

    private void job(JsonNode job, String path) {
        if (Json.string(job, "completionMode").equals("Indexed")
                && Json.number(job, 0, "completions") > MANY_COMPLETIONS
                && Json.number(job, 0, "parallelism") > MANY_AT_ONCE) {
            told.say(path + ": In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able"
                    + " to track completedIndexes when a big number of indexes fail");
        }
    }

    private void node() {
        if (spec.path("configSource").isObject()) {
            told.say("spec.configSource: the feature is removed");
        }
        if (!Json.string(spec, "externalID").isEmpty()) {
            told.say("spec.externalID: this field is deprecated, and is unused by Kubernetes");
        }
        AddressWarnings.ranges(spec.path("podCIDRs"), "spec.podCIDRs", told);
    }

    private void oldSelector() {
        for (String key : object.path("scheduling").path("nodeSelector").propertyNames()) {
            if (!NodeLabelWarnings.of(key).isEmpty()) {
                told.say("scheduling.nodeSelector: " + NodeLabelWarnings.of(key));
            }
        }
    }

    private void topologies() {
        List<ObjectNode> topologies = Json.objects(object, "allowedTopologies");
        for (int i = 0; i < topologies.size(); i++) {
            List<ObjectNode> expressions = Json.objects(topologies.get(i), "matchLabelExpressions");
            for (int j = 0; j < expressions.size(); j++) {
                String old = NodeLabelWarnings.of(Json.string(expressions.get(j), "key"));
                if (!old.isEmpty()) {
                    told.say("allowedTopologies[" + i + "].matchLabelExpressions[" + j + "].key: " + old);
                }
            }
        }
    }

    private void blocks(String rules, String peers) {
        List<ObjectNode> each = Json.objects(spec, rules);
        for (int i = 0; i < each.size(); i++) {
            List<ObjectNode> ends = Json.objects(each.get(i), peers);
            for (int j = 0; j < ends.size(); j++) {
                JsonNode block = ends.get(j).path("ipBlock");
                String at = "spec." + rules + "[" + i + "]." + peers + "[" + j + "].ipBlock";
                AddressWarnings.range(Json.string(block, "cidr"), at + ".cidr", told);
                AddressWarnings.ranges(block.path("except"), at + ".except", told);
            }
        }
    }

    private void endpoints() {
        List<ObjectNode> subsets = Json.objects(object, "subsets");
        for (int i = 0; i < subsets.size() && !isOurs("endpoints.kubernetes.io/managed-by"); i++) {
            for (String list : List.of("addresses", "notReadyAddresses")) {
                List<ObjectNode> addresses = Json.objects(subsets.get(i), list);
                for (int j = 0; j < addresses.size(); j++) {
                    AddressWarnings.address(Json.string(addresses.get(j), "ip"), "subsets[" + i + "]." + list + "[" + j + "].ip", told);
                }
            }
        }
    }

    /// What controllers write has canonical addresses.
    private boolean isOurs(String label) {
        return object.path("metadata").path("labels").has(label);
    }

    private boolean isAnnotated(String key) {
        return object.path("metadata").path("annotations").has(key);
    }

    private void annotation(String key, String what) {
        if (isAnnotated(key)) {
            told.say("metadata.annotations[" + key + "]: " + what);
        }
    }
}
