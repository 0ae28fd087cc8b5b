package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.CopySpec;
import io.hypernetes.guest.Errno;
import io.hypernetes.guest.FileStatus;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestProcess;
import io.hypernetes.guest.ProcessExit;
import io.hypernetes.hyperd.docker.http.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// `docker cp`: archives made and read by the guest. A container that does not run is given a machine for it.
final class CopyCalls {
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final JsonMapper JSON = new JsonMapper();

    private CopyCalls() {}

    static void handle(HttpExchange exchange, DockerContainer container) throws IOException {
        String asked = exchange.query("path");
        String path = asked.startsWith("/") ? asked : "/" + asked;
        if (exchange.method().equals("PUT")) {
            container.withGuest(guest -> put(exchange, guest, container, path));
            // Not before a machine made for it has ended, as only then all is on the disk.
            exchange.answer(200, "application/json", new byte[0]);
        } else {
            container.withGuest(guest -> get(exchange, guest, container, path));
        }
    }

    private static void get(HttpExchange exchange, Guest guest, DockerContainer container, String path) throws IOException {
        FileStatus status = status(guest, container, path);
        Map<String, String> headers = Map.of("X-Docker-Container-Path-Stat", Base64.getEncoder().encodeToString(
                JSON.writeValueAsBytes(JsonNodeFactory.instance.objectNode().put("name", path.replaceFirst("^.*/(?=[^/])", "").replaceFirst("/$", ""))
                        .put("size", status.size()).put("mode", mode(status.mode()))
                        .put("mtime", Instant.ofEpochSecond(0, status.modifiedNanos()).toString()).put("linkTarget", status.target()))));
        if (exchange.method().equals("HEAD")) {
            exchange.answer(200, "application/json", new byte[0], headers);
            return;
        }
        try (GuestProcess copy = guest.copy(CopySpec.out(container.id(), path), ANSWER);
                OutputStream out = exchange.stream(200, "application/x-tar", headers)) {
            copy.stdout().transferTo(out);
        }
    }

    private static void put(HttpExchange exchange, Guest guest, DockerContainer container, String path) throws IOException {
        CopySpec spec = new CopySpec(container.id(), CopySpec.Direction.IN, path, "", exchange.flag("noOverwriteDirNonDir"), null);
        try (GuestProcess copy = guest.copy(spec, ANSWER)) {
            try (OutputStream in = copy.stdin()) {
                exchange.body().transferTo(in);
            }
            String why = new String(copy.stderr().readNBytes(8192), StandardCharsets.UTF_8).strip();
            Optional<ProcessExit> exit = copy.waitFor(Duration.ofMinutes(10));
            int code = exit.map(ProcessExit::code).orElse(1);
            if (code != 0) {
                throw new DockerFailure(code == CopySpec.NOT_FOUND ? 404 : 400, why.isEmpty() ? "copying into " + path + " failed" : why);
            }
        }
    }

    private static FileStatus status(Guest guest, DockerContainer container, String path) {
        try {
            return guest.fileStatus(container.id(), path, ANSWER);
        } catch (GuestException failure) {
            if (failure.errno() == Errno.ENOENT) {
                throw new DockerFailure(404, "Could not find the file " + path + " in container " + container.id());
            }
            throw failure;
        }
    }

    /// Linux's mode in the words of Go, which the API speaks.
    static long mode(int linux) {
        long kind = switch (linux & 0170000) {
            case 0040000 -> 1L << 31;
            case 0120000 -> 1L << 27;
            default -> 0;
        };
        return kind | linux & 0777;
    }
}
