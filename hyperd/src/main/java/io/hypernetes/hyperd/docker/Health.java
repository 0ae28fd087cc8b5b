package io.hypernetes.hyperd.docker;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// How a run of a container fares by its checks. Safe for use by many threads.
final class Health {
    private static final int KEPT = 5;

    // Guarded by this.
    private final Deque<Result> last = new ArrayDeque<>();
    private Status status = Status.STARTING;
    private int failingStreak;

    enum Status {
        STARTING,
        HEALTHY,
        UNHEALTHY;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// A check that was made.
    ///
    /// @param code 0 when all is well, -1 when it could not be made or took too long
    record Result(Instant begin, Instant end, int code, String output) {}

    synchronized Status status() {
        return status;
    }

    /// Takes a result into account; whether the status is another now.
    ///
    /// @param early whether failures do not count yet
    synchronized boolean add(Result result, boolean early, int retries) {
        last.addLast(result);
        if (last.size() > KEPT) {
            last.removeFirst();
        }
        Status before = status;
        if (result.code() == 0) {
            failingStreak = 0;
            status = Status.HEALTHY;
        } else if (status != Status.STARTING || !early) {
            failingStreak++;
            if (failingStreak >= retries) {
                status = Status.UNHEALTHY;
            }
        }
        return status != before;
    }

    /// In the words of `docker ps`.
    String shown() {
        Status now = status();
        return now == Status.STARTING ? "health: starting" : now.word();
    }

    /// As `docker inspect` shows it.
    synchronized ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("Status", status.word()).put("FailingStreak", failingStreak);
        ArrayNode log = json.putArray("Log");
        last.forEach(result -> log.addObject().put("Start", result.begin().toString()).put("End", result.end().toString())
                .put("ExitCode", result.code()).put("Output", result.output()));
        return json;
    }
}
