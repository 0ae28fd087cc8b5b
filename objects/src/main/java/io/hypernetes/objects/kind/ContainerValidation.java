package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.Quantity;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of one container or init container. One use each.
final class ContainerValidation {
    private static final List<String> ENV_FIELDS = List.of(
            "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
            "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs");

    private static final String HUGE = "hugepages-";

    private final ObjectNode container;
    private final String path;
    private final boolean init;
    private final Set<String> volumes;
    private final JsonNode pod;
    private final Errors errors;

    /// @param pod the spec of its pod
    ContainerValidation(ObjectNode container, String path, boolean init, Set<String> volumes, JsonNode pod, Errors errors) {
        this.container = container;
        this.path = path;
        this.init = init;
        this.volumes = volumes;
        this.pod = pod;
        this.errors = errors;
    }

    void run() {
        String name = Json.string(container, "name");
        if (name.isEmpty()) {
            errors.required(path + ".name", "");
        } else {
            errors.invalid(path, ".name", name, Names.label(name));
        }
        String image = Json.string(container, "image");
        if (image.isEmpty()) {
            errors.required(path + ".image", "");
        } else if (!image.strip().equals(image)) {
            errors.invalid(path + ".image", image, "must not have leading or trailing whitespace");
        }
        errors.oneOf(path, ".imagePullPolicy", Json.string(container, "imagePullPolicy"), List.of("Always", "IfNotPresent", "Never"));
        errors.oneOf(
                path, ".terminationMessagePolicy",
                Json.string(container, "terminationMessagePolicy"),
                List.of("File", "FallbackToLogsOnError"));
        ports();
        environment();
        mounts();
        resources();
        new HandlerValidation(container, path, init && !isSidecar(), pod, errors).run();
        security();
        restarts();
    }

    private boolean isSidecar() {
        return init && Json.string(container, "restartPolicy").equals("Always");
    }

    private void ports() {
        Set<String> names = new HashSet<>();
        List<ObjectNode> ports = Json.objects(container, "ports");
        for (int i = 0; i < ports.size(); i++) {
            ObjectNode port = ports.get(i);
            String at = path + ".ports[" + i + "]";
            String name = Json.string(port, "name");
            if (!name.isEmpty()) {
                errors.invalid(at, ".name", name, Names.portName(name));
                if (!names.add(name)) {
                    errors.duplicate(at + ".name", name);
                }
            }
            long number = Json.number(port, 0, "containerPort");
            if (number == 0) {
                errors.required(at + ".containerPort", "");
            } else {
                HandlerValidation.portNumber(number, at + ".containerPort", errors);
            }
            if (Json.number(port, 0, "hostPort") != 0) {
                errors.unserved(
                        at + ".hostPort", "ports of the host are not served by this version; reach the pod at its own address instead");
            }
            errors.oneOf(at, ".protocol", Json.string(port, "protocol"), List.of("SCTP", "TCP", "UDP"));
        }
    }

    private void environment() {
        List<ObjectNode> list = Json.objects(container, "env");
        for (int i = 0; i < list.size(); i++) {
            ObjectNode env = list.get(i);
            String at = path + ".env[" + i + "]";
            String name = Json.string(env, "name");
            if (name.isEmpty()) {
                errors.required(at + ".name", "");
            } else if (!name.chars().allMatch(c -> c >= 0x20 && c < 0x7f && c != '=')) {
                errors.invalid(at + ".name", name, "a valid environment variable name must consist only of printable ASCII characters other than '='");
            }
            if (env.path("valueFrom").isObject()) {
                valueFrom(env, at + ".valueFrom");
            }
        }
        List<ObjectNode> from = Json.objects(container, "envFrom");
        for (int i = 0; i < from.size(); i++) {
            String at = path + ".envFrom[" + i + "]";
            boolean map = from.get(i).path("configMapRef").isObject();
            boolean secret = from.get(i).path("secretRef").isObject();
            if (map == secret) {
                errors.invalid(at, "", map ? "may not have more than one field specified at a time" : "must specify one of: `configMapRef` or `secretRef`");
            }
            String ref = map ? "configMapRef" : "secretRef";
            if (map != secret && Json.string(from.get(i), ref, "name").isEmpty()) {
                errors.required(at + "." + ref + ".name", "");
            }
        }
    }

    private void valueFrom(ObjectNode env, String at) {
        JsonNode from = env.path("valueFrom");
        if (from.isEmpty()) {
            errors.invalid(at, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
        } else if (from.size() > 1) {
            errors.invalid(at, "", "may not have more than one field specified at a time");
        }
        if (!Json.string(env, "value").isEmpty()) {
            errors.invalid(at, "", "may not be specified when `value` is not empty");
        }
        if (from.path("fieldRef").isObject()) {
            String field = Json.string(from, "fieldRef", "fieldPath");
            if (field.isEmpty()) {
                errors.required(at + ".fieldRef.fieldPath", "");
            } else if (!isSubscript(field)) {
                errors.oneOf(at, ".fieldRef.fieldPath", field, ENV_FIELDS);
            }
        }
        if (from.path("resourceFieldRef").isObject()) {
            resourceField(from.path("resourceFieldRef"), at + ".resourceFieldRef", errors);
        }
        if (from.path("fileKeyRef").isObject()) {
            errors.unserved(at + ".fileKeyRef", "values from files are not served by this version");
        }
        for (String ref : List.of("configMapKeyRef", "secretKeyRef")) {
            if (from.path(ref).isObject()) {
                if (Json.string(from, ref, "name").isEmpty()) {
                    errors.required(at + "." + ref + ".name", "");
                }
                String key = Json.string(from, ref, "key");
                if (key.isEmpty()) {
                    errors.required(at + "." + ref + ".key", "");
                } else {
                    errors.invalid(at + "." + ref + ".key", key, Names.configKey(key));
                }
            }
        }
    }

    /// `metadata.labels['x']` or `metadata.annotations['x']`.
    static boolean isSubscript(String field) {
        for (String map : List.of("metadata.labels['", "metadata.annotations['")) {
            if (field.startsWith(map) && field.endsWith("']") && field.length() > map.length() + 2) {
                return Names.qualified(field.substring(map.length(), field.length() - 2)).isEmpty();
            }
        }
        return false;
    }

    static void resourceField(JsonNode ref, String at, Errors errors) {
        String resource = Json.string(ref, "resource");
        if (resource.isEmpty()) {
            errors.required(at + ".resource", "");
        } else {
            errors.oneOf(
                    at, ".resource",
                    resource,
                    List.of(
                            "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
                            "requests.memory"));
        }
    }

    private void mounts() {
        Set<String> paths = new HashSet<>();
        List<ObjectNode> mounts = Json.objects(container, "volumeMounts");
        for (int i = 0; i < mounts.size(); i++) {
            ObjectNode mount = mounts.get(i);
            String at = path + ".volumeMounts[" + i + "]";
            String name = Json.string(mount, "name");
            if (name.isEmpty()) {
                errors.required(at + ".name", "");
            } else if (!volumes.contains(name)) {
                errors.add(io.hypernetes.objects.FieldError.notFound(at + ".name", name));
            }
            String where = Json.string(mount, "mountPath");
            if (where.isEmpty()) {
                errors.required(at + ".mountPath", "");
            } else if (!paths.add(where)) {
                errors.invalid(at + ".mountPath", where, "must be unique");
            }
            String sub = Json.string(mount, "subPath");
            String subExpression = Json.string(mount, "subPathExpr");
            if (!sub.isEmpty() && !subExpression.isEmpty()) {
                errors.invalid(at + ".subPathExpr", subExpression, "subPathExpr and subPath are mutually exclusive");
            }
            subPath(sub, at);
            subPath(subExpression, at);
            String propagation = Json.string(mount, "mountPropagation");
            if (!propagation.isEmpty() && !propagation.equals("None")) {
                errors.unserved(
                        at + ".mountPropagation",
                        "every pod is a virtual machine of its own: there is no mount of the host to propagate from or to; use None");
            }
            recursive(mount, at);
        }
        if (!container.path("volumeDevices").isEmpty()) {
            errors.unserved(path + ".volumeDevices", "block devices are not served by this version");
        }
    }

    private void subPath(String path, String at) {
        if (path.startsWith("/")) {
            errors.invalid(at + ".subPath", path, "must be a relative path");
        } else if (path.contains("..") && List.of(path.split("/")).contains("..")) {
            errors.invalid(at + ".subPath", path, "must not contain '..'");
        }
    }

    /// Below a volume there is no other mount in a pod's machine, so what is read-only is so all the way down; upstream's rules hold all the same.
    private void recursive(ObjectNode mount, String at) {
        String recursive = Json.string(mount, "recursiveReadOnly");
        if (recursive.isEmpty()) {
            return;
        }
        errors.oneOf(at, ".recursiveReadOnly", recursive, List.of("Disabled", "Enabled", "IfPossible"));
        if (!recursive.equals("Disabled") && !Json.flag(mount, "readOnly")) {
            errors.forbidden(at + ".recursiveReadOnly", "may only be specified when readOnly is true");
        }
    }

    private void resources() {
        JsonNode limits = container.path("resources").path("limits");
        JsonNode requests = container.path("resources").path("requests");
        amounts(limits, path + ".resources.limits", errors);
        amounts(requests, path + ".resources.requests", errors);
        for (Map.Entry<String, JsonNode> request : requests.properties()) {
            JsonNode limit = limits.path(request.getKey());
            boolean shared = ResourceNames.isOvercommitted(request.getKey());
            if (!limit.isString()) {
                if (!shared) {
                    errors.required(path + ".resources.limits", "Limit must be set for non overcommitable resources");
                }
                continue;
            }
            int compared = quantity(request.getValue()).compareTo(quantity(limit));
            if (shared ? compared > 0 : compared != 0) {
                errors.invalid(
                        path + ".resources.requests",
                        request.getValue().asString(""),
                        "must be " + (shared ? "less than or " : "") + "equal to " + request.getKey() + " limit of " + limit.stringValue());
            }
        }
        boolean huge = false;
        boolean ordinary = false;
        for (JsonNode amounts : List.of(limits, requests)) {
            for (String name : amounts.propertyNames()) {
                huge |= name.startsWith(HUGE);
                ordinary |= name.equals("cpu") || name.equals("memory");
            }
        }
        if (huge && !ordinary) {
            errors.forbidden(path + ".resources", "HugePages require cpu or memory");
        }
        if (!container.path("resources").path("claims").isEmpty()) {
            errors.unserved(path + ".resources.claims", "resource claims are not served by this version");
        }
    }

    static void amounts(JsonNode amounts, String at, Errors errors) {
        for (Map.Entry<String, JsonNode> amount : amounts.properties()) {
            String name = amount.getKey();
            String each = at + "[" + name + "]";
            ResourceNames.validateOfContainer(name, each, errors);
            amount(name, amount.getValue(), each, errors);
            if (name.startsWith(HUGE) && !isOfPages(quantity(amount.getValue()), name)) {
                String text = quantity(amount.getValue()).toString();
                errors.invalid(each, text, text + " is not positive integer multiple of " + name);
            }
        }
    }

    /// IsHugePageResourceValueDivisible of upstream's `pkg/apis/core/helper/helpers.go`.
    private static boolean isOfPages(Quantity amount, String name) {
        try {
            Quantity page = Quantity.parse(name.substring(HUGE.length()));
            boolean whole = page.signum() > 0 && page.decimal().stripTrailingZeros().scale() <= 0;
            return whole && amount.value() % page.value() == 0;
        } catch (IllegalArgumentException noSize) {
            return false;
        }
    }

    static void amount(String name, JsonNode amount, String at, Errors errors) {
        Quantity value = quantity(amount);
        if (value.signum() < 0) {
            errors.invalid(at, amount.asString(""), "must be greater than or equal to 0");
        }
        if (ResourceNames.isWhole(name) && value.decimal().stripTrailingZeros().scale() > 0) {
            errors.invalid(at, amount.asString(""), "must be an integer");
        }
    }

    private static Quantity quantity(JsonNode value) {
        return value.isString() ? Quantity.parse(value.stringValue()) : Quantity.ZERO;
    }

    private void security() {
        JsonNode context = container.path("securityContext");
        if (context.isEmpty()) {
            return;
        }
        id(context, path + ".securityContext", errors);
        SecurityProfiles.validate(context, path + ".securityContext", errors);
        procMount(Json.string(context, "procMount"));
        JsonNode escalation = context.path("allowPrivilegeEscalation");
        if (escalation.isBoolean() && !escalation.booleanValue()) {
            if (Json.flag(context, "privileged")) {
                errors.invalid(
                        path + ".securityContext", context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
            }
            for (JsonNode added : context.path("capabilities").path("add")) {
                if (added.asString("").equals("CAP_SYS_ADMIN")) {
                    errors.invalid(
                            path + ".securityContext",
                            context,
                            "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
                }
            }
        }
    }

    private void procMount(String mount) {
        String at = path + ".securityContext.procMount";
        errors.oneOfOrNothing(at, mount, List.of("Default", "Unmasked"));
        JsonNode hostUsers = pod.path("hostUsers");
        if (mount.equals("Unmasked") && (!hostUsers.isBoolean() || hostUsers.booleanValue())) {
            errors.invalid(at, mount, "`hostUsers` must be false to use `Unmasked`");
        }
    }

    static void id(JsonNode context, String at, Errors errors) {
        for (String field : List.of("runAsUser", "runAsGroup")) {
            long id = Json.number(context, 0, field);
            if (id < 0 || id > Integer.MAX_VALUE) {
                errors.invalid(at + "." + field, id, "must be between 0 and 2147483647, inclusive");
            }
        }
    }

    private void restarts() {
        String policy = Json.string(container, "restartPolicy");
        if (init && !policy.isEmpty()) {
            errors.oneOf(path, ".restartPolicy", policy, List.of("Always"));
        } else if (!policy.isEmpty()) {
            errors.unserved(path + ".restartPolicy", "a restart policy of one container is served for init containers only; set the pod's");
        }
        if (!container.path("restartPolicyRules").isEmpty()) {
            errors.unserved(path + ".restartPolicyRules", "restart rules are not served by this version");
        }
    }
}
