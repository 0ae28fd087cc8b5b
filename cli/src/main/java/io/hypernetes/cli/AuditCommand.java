package io.hypernetes.cli;

import io.hypernetes.apiserver.audit.AuditLine;
import io.hypernetes.apiserver.audit.AuditReader;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ObjectNode;

/// `hypernetes audit`: reads the files themselves, so it works when the master does not.
@Command(
        name = "audit",
        description = "Print who did what, newest last: of all tenants, or with --tenant of one. People of a tenant read theirs with kubectl.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  hypernetes audit --tenant acme --limit 20",
            "  kubectl --kubeconfig $(hypernetes kubeconfig --tenant acme) get --raw '/audit?limit=20'"
        })
final class AuditCommand implements Runnable {
    @Mixin
    private final Common common = new Common();

    @Option(names = "--tenant", paramLabel = "NAME", description = "only requests in this tenant", defaultValue = "")
    private String tenant = "";

    @Option(names = "--user", paramLabel = "NAME", description = "only requests of this user", defaultValue = "")
    private String user = "";

    @Option(names = "--limit", paramLabel = "N", description = "how many lines, the newest (default 100)", defaultValue = "100")
    private int limit = 100;

    @Option(names = {"-o", "--output"}, paramLabel = "FORMAT", description = "json for the lines as they are, wide for all columns; short unless said", defaultValue = "")
    private String output = "";

    @Override
    public void run() {
        var file = common.places().auditLog();
        if (limit < 1) {
            throw new UsageException("--limit " + limit + ": it must be 1 or more");
        }
        if (!List.of("", "json", "wide").contains(output)) {
            throw new UsageException("-o " + output + ": write json or wide");
        }
        if (!Files.exists(file)) {
            throw new UsageException("there is no audit log here yet (" + file + " is missing); the master of this machine writes it", UsageException.UNAVAILABLE);
        }
        try {
            List<String> lines = AuditReader.last(
                    file,
                    line -> (tenant.isEmpty() || AuditLine.tenant(line).equals(tenant)) && (user.isEmpty() || AuditLine.user(line).equals(user)),
                    limit,
                    Long.MAX_VALUE,
                    Integer.MAX_VALUE);
            lines.forEach(line -> System.out.println(output.equals("json") ? line : printable(shown(line))));
        } catch (IOException e) {
            throw new UsageException("reading the audit log " + file + ": " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    /// A line without what could forge another, or tell a terminal anything: names and paths are as whoever sent them likes.
    static String printable(String line) {
        var shown = new StringBuilder(line.length());
        line.codePoints().forEach(c -> shown.appendCodePoint(isShown(c) ? c : '\ufffd'));
        return shown.toString();
    }

    private static boolean isShown(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SURROGATE -> false;
            default -> true;
        };
    }

    private String shown(String text) {
        var line = Json.readObject(text);
        if (AuditLine.isFormer(line)) {
            return former(line);
        }
        var object = line.path("objectRef");
        var place = object.isMissingNode()
                ? Json.string(line, "requestURI")
                : Stream.of("resource", "subresource", "namespace", "name").map(part -> Json.string(object, part)).filter(part -> !part.isEmpty()).collect(Collectors.joining("/"));
        var impersonator = line.has("impersonatedUser") ? Json.string(line, "user", "username") : "";
        var rest = output.equals("wide")
                ? "  " + String.join(",", line.path("sourceIPs").valueStream().map(address -> address.asString("")).toList()) + "  " + took(line) + "ms  "
                        + Json.string(line, "userAgent") + "  " + Json.string(line, "auditID") + "  " + Json.string(line, "stage")
                : "";
        return columns(line, Json.string(line, "stageTimestamp"), impersonator, Json.number(line, 0, "responseStatus", "code"), place) + rest;
    }

    private String former(ObjectNode line) {
        var resource = Json.string(line, "resource");
        var place = resource.isEmpty()
                ? Json.string(line, "path")
                : Stream.of(resource, Json.string(line, "namespace"), Json.string(line, "name")).filter(part -> !part.isEmpty()).collect(Collectors.joining("/"));
        var impersonator = Json.string(line, "impersonator");
        var rest = output.equals("wide")
                ? "  " + Json.string(line, "source") + "  " + Json.number(line, 0, "ms") + "ms  " + Json.string(line, "agent") + "  " + Json.string(line, "auditID")
                : "";
        return columns(line, Json.string(line, "time"), impersonator, Json.number(line, 0, "code"), place) + rest;
    }

    private static String columns(ObjectNode line, String time, String impersonator, long code, String place) {
        var who = AuditLine.user(line) + (impersonator.isEmpty() ? "" : " (" + impersonator + ")");
        return "%s  %-12s %-32s %3d  %-16s %s".formatted(time, AuditLine.tenant(line), who, code, Json.string(line, "verb"), place);
    }

    private static long took(ObjectNode line) {
        try {
            return Duration.between(ApiTime.parse(Json.string(line, "requestReceivedTimestamp")), ApiTime.parse(Json.string(line, "stageTimestamp"))).toMillis();
        } catch (IllegalArgumentException e) {
            return 0;
        }
    }
}
