package io.hypernetes.apiserver.audit;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.http.Part;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.ApiStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Serves `/audit`: the newest lines of a tenant, the oldest of them first, one JSON object a line. An operator who names no tenant sees all.
/// `limit` says how many (100 unless said, 10,000 and 8 MiB at most), `user` whose.
public final class AuditPage {
    /// Where it is, within a tenant.
    public static final String PATH = "/audit";

    private static final int DEFAULT_LINES = 100;
    private static final int MOST_LINES = 10_000;
    private static final long MOST_CHARACTERS = 8 << 20;
    /// How many files one request may make the server read.
    private static final int FILES = 2;

    private final @Nullable Path file;

    /// @param file of the newest lines; null when no log is kept
    public AuditPage(@Nullable Path file) {
        this.file = file;
    }

    /// Answers a request that is authorised.
    public void serve(Exchange http, Caller caller, TenantPath tenant) throws IOException {
        if (file == null) {
            throw ApiStatus.noSuchResource().asException();
        }
        boolean all = caller.isOperator() && (tenant.everywhere() || tenant.prefix().isEmpty());
        var user = http.query("user");
        Predicate<ObjectNode> wanted = line -> (all || AuditLine.tenant(line).equals(tenant.tenant()))
                && (user.isEmpty() || AuditLine.user(line).equals(user));
        var lines = new ArrayList<Part>();
        for (var line : AuditReader.last(file, wanted, limit(http.query("limit")), MOST_CHARACTERS, FILES)) {
            lines.add(Part.of((line + "\n").getBytes(StandardCharsets.UTF_8)));
        }
        http.setHeader("Cache-Control", "no-cache, private");
        http.send(200, "application/jsonl", lines);
    }

    private static int limit(String text) {
        try {
            int limit = text.isEmpty() ? DEFAULT_LINES : Integer.parseInt(text);
            if (limit >= 1 && limit <= MOST_LINES) {
                return limit;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw ApiStatus.badRequest("limit is \"" + text + "\"; it must be a number from 1 to " + MOST_LINES).asException();
    }
}
