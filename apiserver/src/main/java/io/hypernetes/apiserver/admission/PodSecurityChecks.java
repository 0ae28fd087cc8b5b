package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The single checks of the Pod Security levels, over one pod. One use each.
final class PodSecurityChecks {
    private static final Set<String> CAPABILITIES = Set.of(
            "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
            "SETPCAP", "SETUID", "SYS_CHROOT");
    private static final Set<String> SYSCTLS = Set.of(
            "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem");
    private static final Set<String> VOLUMES = Set.of(
            "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret");
    private static final Set<String> SELINUX = Set.of("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t");

    /// A violation: what it is and where.
    record Finding(String what, String where) {
        String text() {
            return what + " (" + where + ")";
        }
    }

    private final JsonNode pod;
    private final JsonNode spec;
    private final List<ObjectNode> containers = new ArrayList<>();
    private final Consumer<Finding> found;

    PodSecurityChecks(JsonNode pod, Consumer<Finding> found) {
        this.pod = pod;
        this.spec = pod.path("spec");
        this.found = found;
        for (var list : List.of("initContainers", "containers", "ephemeralContainers")) {
            containers.addAll(Json.objects(spec, list));
        }
    }

    void baseline() {
        appArmor();
        var added = named(container -> capabilities(container, "add").stream().anyMatch(name -> !CAPABILITIES.contains(name)));
        if (!added.isEmpty()) {
            var names = new TreeSet<String>();
            containers.forEach(container -> names.addAll(capabilities(container, "add")));
            names.removeAll(CAPABILITIES);
            report("non-default capabilities", containers(added) + " must not include " + quoted(names) + " in securityContext.capabilities.add");
        }
        var host = List.of("hostNetwork", "hostPID", "hostIPC").stream().filter(field -> Json.flag(spec, field)).map(field -> field + "=true").toList();
        if (!host.isEmpty()) {
            report("host namespaces", String.join(", ", host));
        }
        var paths = Json.objects(spec, "volumes").stream().filter(volume -> volume.has("hostPath")).map(volume -> Json.string(volume, "name")).toList();
        if (!paths.isEmpty()) {
            report("hostPath volumes", (paths.size() == 1 ? "volume " : "volumes ") + quoted(paths));
        }
        hostPorts();
        each("privileged", container -> Json.flag(container, "securityContext", "privileged"), "must not set securityContext.privileged=true");
        each("procMount",
                container -> !List.of("", "Default").contains(Json.string(container, "securityContext", "procMount")),
                "must not set securityContext.procMount to \"Unmasked\"");
        seLinux();
        unconfined();
        var sysctls = new LinkedHashSet<String>();
        Json.objects(spec.path("securityContext"), "sysctls").forEach(sysctl -> sysctls.add(Json.string(sysctl, "name")));
        sysctls.removeAll(SYSCTLS);
        if (!sysctls.isEmpty()) {
            report("forbidden sysctls", String.join(", ", sysctls));
        }
        boolean windows = Json.flag(spec, "securityContext", "windowsOptions", "hostProcess")
                || containers.stream().anyMatch(container -> Json.flag(container, "securityContext", "windowsOptions", "hostProcess"));
        if (windows) {
            report("hostProcess", "pod or containers must not set securityContext.windowsOptions.hostProcess=true");
        }
    }

    void restricted() {
        each("allowPrivilegeEscalation != false",
                container -> !isFalse(container.path("securityContext").path("allowPrivilegeEscalation")),
                "must set securityContext.allowPrivilegeEscalation=false");
        var where = new ArrayList<String>();
        var keeping = named(container -> !capabilities(container, "drop").contains("ALL"));
        if (!keeping.isEmpty()) {
            where.add(containers(keeping) + " must set securityContext.capabilities.drop=[\"ALL\"]");
        }
        var adding = named(container -> capabilities(container, "add").stream().anyMatch(name -> !name.equals("NET_BIND_SERVICE")));
        if (!adding.isEmpty()) {
            var names = new TreeSet<String>();
            containers.forEach(container -> names.addAll(capabilities(container, "add")));
            names.remove("NET_BIND_SERVICE");
            where.add(containers(adding) + " must not include " + quoted(names) + " in securityContext.capabilities.add");
        }
        if (!where.isEmpty()) {
            report("unrestricted capabilities", String.join("; ", where));
        }
        volumes();
        runAsNonRoot();
        runAsUser();
        seccomp();
    }

    private void appArmor() {
        var where = new ArrayList<String>();
        for (var annotation : pod.path("metadata").path("annotations").properties()) {
            var value = annotation.getValue().asString("");
            if (annotation.getKey().startsWith("container.apparmor.security.beta.kubernetes.io/")
                    && !value.isEmpty() && !value.equals("runtime/default") && !value.startsWith("localhost/")) {
                where.add("annotation " + annotation.getKey() + "=\"" + value + "\"");
            }
        }
        if (Json.string(spec, "securityContext", "appArmorProfile", "type").equals("Unconfined")) {
            where.add("pod must not set AppArmor profile type to \"Unconfined\"");
        }
        var set = named(container -> Json.string(container, "securityContext", "appArmorProfile", "type").equals("Unconfined"));
        if (!set.isEmpty()) {
            where.add(containers(set) + " must not set AppArmor profile type to \"Unconfined\"");
        }
        if (!where.isEmpty()) {
            report("forbidden AppArmor profile" + (where.size() > 1 ? "s" : ""), String.join(", ", where));
        }
    }

    private void hostPorts() {
        var ports = new ArrayList<String>();
        var owners = new LinkedHashSet<String>();
        for (var container : containers) {
            for (var port : Json.objects(container, "ports")) {
                long host = Json.number(port, 0, "hostPort");
                if (host != 0) {
                    ports.add(Long.toString(host));
                    owners.add(Json.string(container, "name"));
                }
            }
        }
        if (!ports.isEmpty()) {
            report("hostPort", containers(List.copyOf(owners)) + (owners.size() == 1 ? " uses" : " use")
                    + (ports.size() == 1 ? " hostPort " : " hostPorts ") + String.join(", ", ports));
        }
    }

    private void seLinux() {
        var types = new LinkedHashSet<String>();
        boolean user = false;
        boolean role = false;
        var all = new ArrayList<JsonNode>(containers);
        all.add(spec);
        for (var holder : all) {
            var options = holder.path("securityContext").path("seLinuxOptions");
            if (!SELINUX.contains(Json.string(options, "type"))) {
                types.add(Json.string(options, "type"));
            }
            user |= !Json.string(options, "user").isEmpty();
            role |= !Json.string(options, "role").isEmpty();
        }
        var set = new ArrayList<String>();
        if (!types.isEmpty()) {
            set.add((types.size() == 1 ? "type " : "types ") + quoted(types));
        }
        if (user) {
            set.add("user may not be set");
        }
        if (role) {
            set.add("role may not be set");
        }
        if (!set.isEmpty()) {
            report("seLinuxOptions", "pod or containers set forbidden securityContext.seLinuxOptions: " + String.join("; ", set));
        }
    }

    private void unconfined() {
        var where = new ArrayList<String>();
        if (profile(spec).equals("Unconfined")) {
            where.add("pod");
        }
        var set = named(container -> profile(container).equals("Unconfined"));
        if (!set.isEmpty()) {
            where.add(containers(set));
        }
        if (!where.isEmpty()) {
            report("seccompProfile", String.join(" and ", where) + " must not set securityContext.seccompProfile.type to \"Unconfined\"");
        }
    }

    private void volumes() {
        var names = new ArrayList<String>();
        var types = new LinkedHashSet<String>();
        for (var volume : Json.objects(spec, "volumes")) {
            for (var type : volume.propertyNames()) {
                if (!type.equals("name") && !VOLUMES.contains(type)) {
                    names.add(Json.string(volume, "name"));
                    types.add(type);
                }
            }
        }
        if (!names.isEmpty()) {
            report("restricted volume types", (names.size() == 1 ? "volume " + quoted(names) + " uses" : "volumes " + quoted(names) + " use")
                    + " restricted volume type" + (types.size() == 1 ? " " : "s ") + quoted(types));
        }
    }

    private void runAsNonRoot() {
        var wish = spec.path("securityContext").path("runAsNonRoot");
        if (isFalse(wish)) {
            report("runAsNonRoot != true", "pod must not set securityContext.runAsNonRoot=false");
            return;
        }
        var against = named(container -> isFalse(container.path("securityContext").path("runAsNonRoot")));
        if (!against.isEmpty()) {
            report("runAsNonRoot != true", containers(against) + " must not set securityContext.runAsNonRoot=false");
            return;
        }
        if (!Json.flag(spec, "securityContext", "runAsNonRoot")) {
            var silent = named(container -> !Json.flag(container, "securityContext", "runAsNonRoot"));
            if (!silent.isEmpty()) {
                report("runAsNonRoot != true", "pod or " + containers(silent) + " must set securityContext.runAsNonRoot=true");
            }
        }
    }

    private void runAsUser() {
        var where = new ArrayList<String>();
        if (Json.number(spec, -1, "securityContext", "runAsUser") == 0) {
            where.add("pod");
        }
        var set = named(container -> Json.number(container, -1, "securityContext", "runAsUser") == 0);
        if (!set.isEmpty()) {
            where.add(containers(set));
        }
        if (!where.isEmpty()) {
            report("runAsUser=0", String.join(" and ", where) + " must not set runAsUser=0");
        }
    }

    private void seccomp() {
        var good = Set.of("RuntimeDefault", "Localhost");
        if (good.contains(profile(spec)) || profile(spec).equals("Unconfined")) {
            return;
        }
        var silent = named(container -> profile(container).isEmpty());
        if (!silent.isEmpty()) {
            report("seccompProfile", "pod or " + containers(silent) + " must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"");
        }
    }

    private void each(String what, Predicate<ObjectNode> wrong, String must) {
        var names = named(wrong);
        if (!names.isEmpty()) {
            report(what, containers(names) + " " + must);
        }
    }

    private void report(String what, String where) {
        found.accept(new Finding(what, where));
    }

    private List<String> named(Predicate<ObjectNode> which) {
        return containers.stream().filter(which).map(container -> Json.string(container, "name")).toList();
    }

    private static String profile(JsonNode holder) {
        return Json.string(holder, "securityContext", "seccompProfile", "type");
    }

    private static Set<String> capabilities(JsonNode container, String part) {
        var names = new TreeSet<String>();
        container.path("securityContext").path("capabilities").path(part).forEach(name -> names.add(name.asString("")));
        return names;
    }

    private static boolean isFalse(JsonNode value) {
        return value.isBoolean() && !value.booleanValue();
    }

    private static String containers(List<String> names) {
        return (names.size() == 1 ? "container " : "containers ") + quoted(names);
    }

    private static String quoted(Iterable<String> names) {
        var all = new ArrayList<String>();
        names.forEach(all::add);
        return all.stream().map(name -> "\"" + name + "\"").collect(Collectors.joining(", "));
    }
}
