package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of a pod spec, in pods and in pod templates. One use each.
final class PodSpecValidation {
    /// As many as a machine takes. What tells of a pod goes through all of its containers, so there must be no thousands of them.
    static final int MOST_CONTAINERS = 64;
    /// Of these, which run one after the other, a machine takes more.
    private static final int MOST_INIT_CONTAINERS = 256;

    private static final String OWN_MACHINE = "every pod is a virtual machine of its own and cannot enter its host; ";
    /// A kernel takes no longer one.
    private static final int LONGEST_MACHINE_NAME = 64;
    private static final int MOST_SEARCHES = 32;
    private static final Pattern SEARCH = Pattern.compile("[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?(\\.[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?)*");
    private static final List<String> EFFECTS = List.of("NoSchedule", "PreferNoSchedule", "NoExecute");

    private final JsonNode spec;
    private final String path;
    private final String pod;
    private final Errors errors;

    /// @param pod the name of the pod; empty in a template, which has none
    PodSpecValidation(JsonNode spec, String path, String pod, Errors errors) {
        this.pod = pod;
        this.spec = spec;
        this.path = path;
        this.errors = errors;
    }

    void run() {
        host();
        absent();
        Set<String> volumes = new VolumeValidation(spec, path + ".volumes", pod, errors).run();
        EphemeralContainers.validate(spec, path, containers(volumes), volumes, errors);
        scalars();
        network();
        scheduling();
        new PlacementValidation(spec, path, errors).run();
    }

    private void host() {
        refuse("hostNetwork", "a pod's address is reachable in its network without it; remove the field");
        refuse("hostPID", "use shareProcessNamespace or a container in the same pod instead");
        refuse("hostIPC", "containers of one pod share their IPC namespace already; remove the field");
    }

    private void refuse(String field, String instead) {
        if (Json.flag(spec, field)) {
            errors.unserved(path + "." + field, OWN_MACHINE + instead);
        }
    }

    /// Parts of the API that nothing serves yet: better refused than ignored.
    private void absent() {
        if (!spec.path("resourceClaims").isEmpty()) {
            errors.unserved(path + ".resourceClaims", "resource claims are not served by this version");
        }
        if (!spec.path("resources").isEmpty()) {
            errors.unserved(path + ".resources", "resources of the pod as a whole are not served by this version: set them for each container");
        }
        if (!spec.path("schedulingGroup").isEmpty()) {
            errors.unserved(path + ".schedulingGroup", "scheduling groups are not served by this version");
        }
        String os = Json.string(spec, "os", "name");
        if (!os.isEmpty() && !os.equals("linux")) {
            FieldError other = FieldError.notSupported(path + ".os.name", os, List.of("linux"));
            if (os.equals("windows")) {
                errors.unserved(other);
            } else {
                errors.add(other);
            }
        }
    }

    /// Returns the names of the containers.
    private Set<String> containers(Set<String> volumes) {
        Set<String> names = new HashSet<>();
        if (spec.path("containers").isEmpty()) {
            errors.required(path + ".containers", "");
        }
        for (String list : List.of("containers", "initContainers")) {
            List<ObjectNode> items = Json.objects(spec, list);
            int most = list.equals("containers") ? MOST_CONTAINERS : MOST_INIT_CONTAINERS;
            if (items.size() > most) {
                errors.add(FieldError.tooMany(path + "." + list, items.size(), most));
                continue;
            }
            for (int i = 0; i < items.size(); i++) {
                String at = path + "." + list + "[" + i + "]";
                String name = Json.string(items.get(i), "name");
                if (!name.isEmpty() && !names.add(name)) {
                    errors.duplicate(at + ".name", name);
                }
                new ContainerValidation(items.get(i), at, list.equals("initContainers"), volumes, spec, errors).run();
            }
        }
        return names;
    }

    private void scalars() {
        errors.oneOf(path, ".restartPolicy", Json.string(spec, "restartPolicy"), List.of("Always", "OnFailure", "Never"));
        errors.oneOf(
                path, ".dnsPolicy",
                Json.string(spec, "dnsPolicy"),
                List.of("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"));
        // Any terminationGracePeriodSeconds are right, as upstream (pkg/apis/core/validation): who deletes the pod makes of less than none a second.
        long deadline = Json.number(spec, 1, "activeDeadlineSeconds");
        if (deadline < 1 || deadline > Integer.MAX_VALUE) {
            errors.invalid(path + ".activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive");
        }
        name("serviceAccountName", false);
        name("runtimeClassName", false);
        name("nodeName", false);
        name("hostname", true);
        name("subdomain", true);
        if (!spec.path("securityContext").isEmpty()) {
            security(spec.path("securityContext"), path + ".securityContext");
        }
        hostnameOverride();
    }

    private void security(JsonNode context, String at) {
        ContainerValidation.id(context, at, errors);
        group(Json.number(context, 0, "fsGroup"), at + ".fsGroup");
        for (int i = 0; i < context.path("supplementalGroups").size(); i++) {
            group(context.path("supplementalGroups").path(i).asLong(0), at + ".supplementalGroups[" + i + "]");
        }
        errors.oneOfOrNothing(at, ".fsGroupChangePolicy", Json.string(context, "fsGroupChangePolicy"), List.of("Always", "OnRootMismatch"));
        errors.oneOfOrNothing(at, ".supplementalGroupsPolicy", Json.string(context, "supplementalGroupsPolicy"), List.of("Merge", "Strict"));
        SecurityProfiles.validate(context, at, errors);
        SysctlValidation.validate(spec, at + ".sysctls", errors);
    }

    private void group(long group, String at) {
        if (group < 0 || group > Integer.MAX_VALUE) {
            errors.invalid(at, group, "must be between 0 and 2147483647, inclusive");
        }
    }

    private void hostnameOverride() {
        String name = Json.string(spec, "hostnameOverride");
        String at = path + ".hostnameOverride";
        if (name.isEmpty()) {
            return;
        }
        errors.invalid(at, name, Names.subdomain(name));
        if (name.length() > LONGEST_MACHINE_NAME) {
            errors.invalid(at, name, "must be no more than " + LONGEST_MACHINE_NAME + " characters");
        }
        if (Json.flag(spec, "setHostnameAsFQDN")) {
            errors.forbidden(at, "may not be set together with setHostnameAsFQDN: both say how the machine calls itself");
        }
    }

    private void name(String field, boolean label) {
        String value = Json.string(spec, field);
        List<String> wrong = value.isEmpty() ? List.of() : label ? Names.label(value) : Names.subdomain(value);
        if (!wrong.isEmpty()) {
            errors.invalid(path + "." + field, value, wrong);
        }
    }

    private void network() {
        JsonNode dns = spec.path("dnsConfig");
        int servers = dns.path("nameservers").size();
        if (Json.string(spec, "dnsPolicy").equals("None") && servers == 0) {
            errors.required(path + ".dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
        }
        if (servers > 3) {
            errors.invalid(path + ".dnsConfig.nameservers", dns.path("nameservers"), "must not have more than 3 nameservers");
        }
        for (int i = 0; i < servers; i++) {
            address(path + ".dnsConfig.nameservers[" + i + "]", dns.path("nameservers").path(i).asString(""));
        }
        if (dns.path("searches").size() > MOST_SEARCHES) {
            errors.invalid(path + ".dnsConfig.searches", dns.path("searches"), "must not have more than " + MOST_SEARCHES + " search paths");
        }
        for (int i = 0; i < dns.path("searches").size(); i++) {
            search(dns.path("searches").path(i).asString(""), path + ".dnsConfig.searches[" + i + "]");
        }
        List<ObjectNode> options = Json.objects(dns, "options");
        for (int i = 0; i < options.size(); i++) {
            if (Json.string(options.get(i), "name").isEmpty()) {
                errors.required(path + ".dnsConfig.options[" + i + "].name", "");
            }
        }
        List<ObjectNode> aliases = Json.objects(spec, "hostAliases");
        for (int i = 0; i < aliases.size(); i++) {
            address(path + ".hostAliases[" + i + "].ip", Json.string(aliases.get(i), "ip"));
            for (JsonNode name : aliases.get(i).path("hostnames")) {
                errors.invalid(path + ".hostAliases[" + i + "].hostnames", name.asString(""), Names.subdomain(name.asString("")));
            }
        }
    }

    /// A search path may end with a dot, be one, and have underscores in it.
    private void search(String search, String at) {
        String name = search.endsWith(".") ? search.substring(0, search.length() - 1) : search;
        if (!search.equals(".") && !SEARCH.matcher(name).matches()) {
            errors.invalid(at, search, "must be a DNS subdomain of lower case letters, digits, '-', '_' and '.'");
        }
    }

    private void address(String at, String text) {
        errors.invalid(at, text, Addresses.address(text));
    }

    private void scheduling() {
        for (Map.Entry<String, JsonNode> label : spec.path("nodeSelector").properties()) {
            errors.invalid(path + ".nodeSelector", label.getKey(), Names.qualified(label.getKey()));
            errors.invalid(path + ".nodeSelector", label.getValue().asString(""), Names.labelValue(label.getValue().asString("")));
        }
        List<ObjectNode> tolerations = Json.objects(spec, "tolerations");
        for (int i = 0; i < tolerations.size(); i++) {
            toleration(tolerations.get(i), path + ".tolerations[" + i + "]", errors);
        }
        List<ObjectNode> gates = Json.objects(spec, "schedulingGates");
        Set<String> known = new HashSet<>();
        for (int i = 0; i < gates.size(); i++) {
            String name = Json.string(gates.get(i), "name");
            if (!known.add(name)) {
                errors.duplicate(path + ".schedulingGates[" + i + "].name", name);
            }
            errors.invalid(path + ".schedulingGates[" + i + "].name", name, Names.qualified(name));
        }
    }

    static void toleration(ObjectNode toleration, String at, Errors errors) {
        String key = Json.string(toleration, "key");
        String operator = Json.string(toleration, "operator");
        String value = Json.string(toleration, "value");
        String effect = Json.string(toleration, "effect");
        if (!key.isEmpty()) {
            errors.invalid(at, ".key", key, Names.qualified(key));
        }
        if (key.isEmpty() && !operator.equals("Exists")) {
            errors.invalid(
                    at + ".operator", operator, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
        }
        if (Json.present(toleration.get("tolerationSeconds")) && !effect.equals("NoExecute")) {
            errors.invalid(at + ".effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
        }
        switch (operator) {
            case "", "Equal" -> errors.invalid(at, ".operator", value, Names.labelValue(value));
            case "Exists" -> {
                if (!value.isEmpty()) {
                    errors.invalid(at + ".operator", toleration, "value must be empty when `operator` is 'Exists'");
                }
            }
            default -> errors.oneOf(at, ".operator", operator, List.of("Equal", "Exists"));
        }
        if (!effect.isEmpty()) {
            errors.oneOf(at, ".effect", effect, EFFECTS);
        }
    }
}
