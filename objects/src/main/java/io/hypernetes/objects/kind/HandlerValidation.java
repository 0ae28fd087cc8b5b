package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of the probes and hooks of one container. One use each.
final class HandlerValidation {
    private static final long DEFAULT_GRACE = 30;

    private final ObjectNode container;
    private final String path;
    private final boolean init;
    private final JsonNode pod;
    private final Errors errors;

    /// @param init whether it is an init container that ends before others start, which has neither
    /// @param pod the spec of its pod
    HandlerValidation(ObjectNode container, String path, boolean init, JsonNode pod, Errors errors) {
        this.container = container;
        this.path = path;
        this.init = init;
        this.pod = pod;
        this.errors = errors;
    }

    void run() {
        for (String name : List.of("livenessProbe", "readinessProbe", "startupProbe")) {
            JsonNode probe = container.path(name);
            if (!probe.isObject()) {
                continue;
            }
            String at = path + "." + name;
            if (init) {
                errors.forbidden(at, "may not be set for init containers without restartPolicy=Always");
                continue;
            }
            handler(probe, at, List.of("exec", "httpGet", "tcpSocket", "grpc"));
            for (String number : List.of("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")) {
                if (Json.number(probe, 0, number) < 0) {
                    errors.invalid(at + "." + number, Json.number(probe, 0, number), "must be greater than or equal to 0");
                }
            }
            if (Json.present(probe.get("terminationGracePeriodSeconds"))) {
                if (name.equals("readinessProbe")) {
                    errors.invalid(
                            at + ".terminationGracePeriodSeconds",
                            Json.number(probe, 0, "terminationGracePeriodSeconds"),
                            "must not be set for readinessProbes");
                } else if (Json.number(probe, 0, "terminationGracePeriodSeconds") <= 0) {
                    errors.invalid(
                            at + ".terminationGracePeriodSeconds", Json.number(probe, 0, "terminationGracePeriodSeconds"), "must be greater than 0");
                }
            }
            if (!name.equals("readinessProbe") && Json.number(probe, 1, "successThreshold") != 1) {
                errors.invalid(at + ".successThreshold", Json.number(probe, 1, "successThreshold"), "must be 1");
            }
        }
        JsonNode lifecycle = container.path("lifecycle");
        if (!lifecycle.isObject()) {
            return;
        }
        if (init) {
            errors.forbidden(path + ".lifecycle", "may not be set for init containers without restartPolicy=Always");
            return;
        }
        StopSignals.validate(Json.string(lifecycle, "stopSignal"), Json.string(pod, "os", "name"), path + ".lifecycle.stopSignal", errors);
        for (String name : List.of("postStart", "preStop")) {
            if (lifecycle.path(name).isObject()) {
                handler(lifecycle.path(name), path + ".lifecycle." + name, List.of("exec", "httpGet", "tcpSocket", "sleep"));
            }
        }
    }

    private void handler(JsonNode handler, String at, List<String> types) {
        List<String> found = types.stream().filter(t -> handler.path(t).isObject()).toList();
        if (found.isEmpty()) {
            errors.required(at, "must specify a handler type");
            return;
        }
        found.stream().skip(1).forEach(t -> errors.forbidden(at + "." + t, "may not specify more than 1 handler type"));
        String type = found.getFirst();
        JsonNode action = handler.path(type);
        switch (type) {
            case "exec" -> {
                if (action.path("command").isEmpty()) {
                    errors.required(at + ".exec.command", "");
                }
            }
            case "httpGet" -> {
                if (Json.string(action, "path").isEmpty()) {
                    errors.required(at + ".httpGet.path", "");
                }
                port(action.path("port"), at + ".httpGet.port");
                errors.oneOf(at, ".httpGet.scheme", Json.string(action, "scheme"), List.of("HTTP", "HTTPS"));
            }
            case "sleep" -> sleep(Json.number(action, 0, "seconds"), at + ".sleep");
            case "tcpSocket", "grpc" -> port(action.path("port"), at + "." + type + ".port");
            default -> {}
        }
    }

    private void port(JsonNode port, String at) {
        if (port.isString()) {
            errors.invalid(at, port.stringValue(), Names.portName(port.stringValue()));
        } else if (port.isIntegralNumber()) {
            portNumber(port.asLong(0), at, errors);
        } else {
            errors.required(at, "");
        }
    }

    /// A wrong grace period is told by itself.
    private void sleep(long seconds, String at) {
        long grace = Json.number(pod, DEFAULT_GRACE, "terminationGracePeriodSeconds");
        if (grace >= 0 && (seconds < 0 || seconds > grace)) {
            errors.invalid(at, seconds, "must be non-negative and less than terminationGracePeriodSeconds (" + grace + ")");
        }
    }

    static void portNumber(long number, String at, Errors errors) {
        if (number < 1 || number > 65535) {
            errors.invalid(at, number, "must be between 1 and 65535, inclusive");
        }
    }
}
