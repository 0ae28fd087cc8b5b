package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Signals;
import io.hypernetes.hyperd.docker.http.HttpExchange;
import io.hypernetes.hyperd.volume.Ext4Disk;
import io.hypernetes.images.ImageException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The calls of the Docker Engine API, from a path to what answers it. Safe for use by many threads.
final class DockerApi {
    private static final Logger LOG = LoggerFactory.getLogger(DockerApi.class);
    /// The API version spoken; clients negotiate down to it.
    static final String VERSION = "1.48";

    private static final Pattern VERSIONED = Pattern.compile("/v1\\.([0-9]{1,3})(/.*)");
    private static final Pattern CONTAINER = Pattern.compile("/containers/([^/]+)(?:/([a-z]+))?");
    private static final Pattern EXEC = Pattern.compile("/exec/([^/]+)/([a-z]+)");
    private static final int LEAST_VERSION = 24;
    private static final int MOST_VERSION = 48;
    private static final int MOST_JSON = 4 << 20;
    private static final JsonMapper JSON = new JsonMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final DockerHouse house;
    private final DockerContainers containers;
    private final Path uploads;
    private final ImageCalls images;
    private final VolumeCalls volumes;
    private final NetworkCalls networks;
    private final StreamCalls streams = new StreamCalls();

    DockerApi(DockerHouse house, DockerContainers containers, Path uploads) {
        this.house = house;
        this.containers = containers;
        this.uploads = uploads;
        this.images = new ImageCalls(house, containers, uploads);
        this.volumes = new VolumeCalls(house.volumes());
        this.networks = new NetworkCalls(house.networks(), containers);
    }

    void handle(HttpExchange exchange) throws IOException {
        try {
            route(exchange);
        } catch (DockerFailure failure) {
            fail(exchange, failure.status(), failure.getMessage());
        } catch (ImageException failure) {
            fail(exchange, ImageCalls.status(failure.reason()), failure.getMessage());
        } catch (HyperdException | GuestException failure) {
            fail(exchange, 500, failure.getMessage());
        } catch (JacksonException wrong) {
            fail(exchange, 400, "the body of the request is no JSON that fits: " + wrong.getOriginalMessage());
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            fail(exchange, 503, "hyperd is stopping");
        } catch (RuntimeException failure) {
            LOG.error("event=docker-call-failed call=\"{} {}\"", exchange.method(), exchange.path(), failure);
            fail(exchange, 500, "hyperd failed: " + failure);
        }
    }

    private static void fail(HttpExchange exchange, int status, @org.jspecify.annotations.Nullable String message) throws IOException {
        if (!exchange.isAnswered()) {
            json(exchange, status, NODES.objectNode().put("message", message));
        }
    }

    private static void json(HttpExchange exchange, int status, Object tree) throws IOException {
        exchange.answer(status, "application/json", JSON.writeValueAsBytes(tree));
    }

    private static void nothing(HttpExchange exchange, int status) throws IOException {
        exchange.answer(status, "application/json", new byte[0]);
    }

    private void route(HttpExchange exchange) throws IOException, InterruptedException {
        String path = exchange.path();
        Matcher versioned = VERSIONED.matcher(path);
        if (versioned.matches()) {
            int minor = Integer.parseInt(versioned.group(1));
            if (minor < LEAST_VERSION) {
                throw new DockerFailure(400, "client version 1." + minor + " is too old. Minimum supported API version is 1." + LEAST_VERSION
                        + ", please upgrade your client to a newer version");
            }
            if (minor > MOST_VERSION) {
                throw new DockerFailure(400, "client version 1." + minor + " is too new. Maximum supported API version is " + VERSION);
            }
            path = versioned.group(2);
        }
        String call = exchange.method() + " " + path;
        switch (call) {
            case "GET /_ping", "HEAD /_ping" -> exchange.answer(200, "text/plain; charset=utf-8", "OK".getBytes(StandardCharsets.US_ASCII));
            case "GET /version" -> json(exchange, 200, version());
            case "GET /info" -> json(exchange, 200, info());
            case "GET /events" -> events(exchange);
            case "GET /containers/json" -> list(exchange);
            case "POST /containers/create" -> {
                DockerContainer made = containers.create(exchange.query("name"), exchange.query("platform"), body(exchange));
                ObjectNode answer = NODES.objectNode().put("Id", made.id());
                answer.putArray("Warnings");
                json(exchange, 201, answer);
            }
            case "POST /commit" -> json(exchange, 201, NODES.objectNode().put(
                    "Id", CommitCall.handle(exchange, containers.get(exchange.query("container")), house, uploads)));
            case "POST /containers/prune" -> prune(exchange);
            // There are none. A client that looks for something of any sort asks for a plugin of its name in the end.
            case "GET /plugins" -> json(exchange, 200, NODES.arrayNode());
            case "GET /system/df" -> json(exchange, 200, SystemCalls.usage(house, containers.list(), images, volumes, exchange.queries("type")));
            // There is none, so this removes what there is: nothing.
            case "POST /build/prune" -> json(exchange, 200, NODES.objectNode().putNull("CachesDeleted").put("SpaceReclaimed", 0));
            default -> {
                Matcher container = CONTAINER.matcher(path);
                Matcher exec = EXEC.matcher(path);
                if (path.startsWith("/images/") && images.handle(call, exchange)) {
                    return;
                }
                if (path.startsWith("/volumes") && volumes.handle(call, exchange, body(exchange))) {
                    return;
                }
                if (path.startsWith("/networks") && networks.handle(call, exchange, body(exchange))) {
                    return;
                }
                if (container.matches()) {
                    String verb = container.group(2) == null ? "" : container.group(2);
                    container(exchange, exchange.method() + " " + verb, containers.get(container.group(1)), call);
                } else if (exec.matches()) {
                    exec(exchange, exchange.method() + " " + exec.group(2), streams.exec(exec.group(1)), call);
                } else {
                    throw OtherWays.insteadOf(call);
                }
            }
        }
    }

    private static JsonNode body(HttpExchange exchange) throws IOException {
        byte[] body = exchange.body(MOST_JSON);
        JsonNode tree = body.length == 0 ? NODES.objectNode() : JSON.readTree(body);
        if (!tree.isObject()) {
            throw new DockerFailure(400, "the body of the request is no JSON object");
        }
        return tree;
    }

    private void container(HttpExchange exchange, String verb, DockerContainer container, String call)
            throws IOException, InterruptedException {
        switch (verb) {
            case "GET json" -> json(exchange, 200, exchange.flag("size")
                    ? container.whole().put("SizeRw", Ext4Disk.usedBytes(house.disk(container.id()))) : container.whole());
            case "POST pause" -> {
                container.pause(true);
                nothing(exchange, 204);
            }
            case "POST unpause" -> {
                container.pause(false);
                nothing(exchange, 204);
            }
            case "POST update" -> {
                container.change(body(exchange));
                ObjectNode answer = NODES.objectNode();
                answer.putArray("Warnings");
                json(exchange, 200, answer);
            }
            case "POST start" -> nothing(exchange, container.start() ? 204 : 304);
            case "POST stop" -> nothing(exchange, container.stop(signal(exchange, container), grace(exchange, container)) ? 204 : 304);
            case "POST restart" -> {
                container.stop(signal(exchange, container), grace(exchange, container));
                container.start();
                nothing(exchange, 204);
            }
            case "POST kill" -> {
                String name = exchange.query("signal");
                container.kill(Signals.number(name.isEmpty() ? "KILL" : name)
                        .orElseThrow(() -> new DockerFailure(400, "invalid signal: " + name)));
                nothing(exchange, 204);
            }
            case "DELETE " -> {
                container.remove(exchange.flag("force"), exchange.flag("v"));
                nothing(exchange, 204);
            }
            case "POST rename" -> {
                containers.rename(container, exchange.query("name"));
                nothing(exchange, 204);
            }
            case "POST wait" -> await(exchange, container);
            case "POST attach" -> streams.attach(container, exchange);
            case "POST resize" -> {
                container.unpaused("its terminal is resized").sandbox().guest()
                        .resizeTty(container.id(), size(exchange, "h"), size(exchange, "w"), Duration.ofSeconds(30));
                nothing(exchange, 200);
            }
            case "POST exec" -> json(exchange, 201, NODES.objectNode().put("Id", streams.create(container, body(exchange))));
            case "GET logs" -> logs(exchange, container);
            case "GET stats" -> new StatsCall(house).handle(exchange, container);
            case "GET top" -> json(exchange, 200, TopCall.of(container, exchange.query("ps_args")));
            case "GET changes" -> json(exchange, 200, ExportCalls.changes(container));
            case "GET export" -> ExportCalls.export(exchange, container);
            case "HEAD archive", "GET archive", "PUT archive" -> CopyCalls.handle(exchange, container);
            default -> throw OtherWays.insteadOf(call);
        }
    }

    private void exec(HttpExchange exchange, String verb, StreamCalls.Exec exec, String call) throws IOException {
        switch (verb) {
            case "GET json" -> json(exchange, 200, streams.show(exec));
            case "POST start" -> {
                JsonNode asked = body(exchange);
                streams.start(exec, asked.path("Detach").asBoolean(false), exchange);
            }
            case "POST resize" -> {
                var process = exec.process;
                if (process == null) {
                    throw new DockerFailure(409, "exec " + exec.id + " is not running");
                }
                process.resize(size(exchange, "h"), size(exchange, "w"), Duration.ofSeconds(30));
                nothing(exchange, 200);
            }
            default -> throw OtherWays.insteadOf(call);
        }
    }

    private static int size(HttpExchange exchange, String name) {
        String text = exchange.query(name);
        if (!text.matches("[1-9][0-9]{0,4}")) {
            throw new DockerFailure(400, "the terminal's size must be positive numbers");
        }
        return Math.min(65_535, Integer.parseInt(text));
    }

    private static int signal(HttpExchange exchange, DockerContainer container) {
        String asked = exchange.query("signal").isEmpty() ? container.record().config().path("StopSignal").asString("") : exchange.query("signal");
        return Signals.number(asked.isEmpty() ? "TERM" : asked).orElseThrow(() -> new DockerFailure(400, "invalid signal: " + asked));
    }

    private static int grace(HttpExchange exchange, DockerContainer container) {
        String asked = exchange.query("t");
        return asked.matches("-?[0-9]{1,8}") ? Integer.parseInt(asked) : container.record().config().path("StopTimeout").asInt(10);
    }

    private static void await(HttpExchange exchange, DockerContainer container) throws IOException, InterruptedException {
        int seen = container.ends();
        AtomicBoolean gone = new AtomicBoolean();
        OutputStream out = exchange.stream(200, "application/json", Map.of());
        exchange.whenGone(() -> {
            gone.set(true);
            container.wake();
        });
        container.await(exchange.query("condition"), seen, gone::get);
        out.write(JSON.writeValueAsBytes(NODES.objectNode().put("StatusCode", container.record().state().exitCode())));
    }

    private void logs(HttpExchange exchange, DockerContainer container) throws IOException, InterruptedException {
        boolean tty = container.record().config().path("Tty").asBoolean(false);
        OutputStream stream = exchange.stream(200, Multiplexed.contentType(tty), Map.of());
        LogReplay replay = new LogReplay(
                house.log(container.id()), new Multiplexed(stream, tty), exchange.flag("stdout"), exchange.flag("stderr"),
                exchange.flag("timestamps"), time(exchange.query("since"), Instant.MIN), time(exchange.query("until"), Instant.MAX));
        if (exchange.query("tail").matches("[0-9]{1,9}")) {
            replay.tail(Integer.parseInt(exchange.query("tail")));
        }
        if (!exchange.flag("follow")) {
            replay.more();
            return;
        }
        Runs.Run run = container.runNow();
        if (run != null) {
            AtomicBoolean gone = new AtomicBoolean();
            exchange.whenGone(() -> {
                gone.set(true);
                run.container().wakeReaders();
            });
            boolean more = true;
            while (more) {
                // Before it is read, and before it is asked whether anybody still reads: what happens from here on is not waited for.
                long seen = run.container().logged();
                replay.more();
                more = !gone.get() && run.container().awaitLogged(seen);
            }
        }
        replay.more();
    }

    private static Instant time(String text, Instant otherwise) {
        if (!text.matches("[0-9]{1,12}(\\.[0-9]{1,9})?") || text.equals("0")) {
            return otherwise;
        }
        String[] parts = text.split("\\.");
        return Instant.ofEpochSecond(Long.parseLong(parts[0]), parts.length > 1 ? Long.parseLong((parts[1] + "00000000").substring(0, 9)) : 0);
    }

    private void list(HttpExchange exchange) throws IOException {
        Filters filters = Filters.parse(exchange.query("filters"), "name", "id", "status", "exited", "label", "ancestor", "volume", "health", "network");
        boolean all = exchange.flag("all") || filters.has("status") || filters.has("exited");
        ArrayNode rows = NODES.arrayNode();
        int limit = exchange.query("limit").matches("[1-9][0-9]{0,6}") ? Integer.parseInt(exchange.query("limit")) : Integer.MAX_VALUE;
        for (DockerContainer container : containers.list()) {
            DockerRecord record = container.record();
            if ((all || limit != Integer.MAX_VALUE || record.isRunning() || record.state().phase() == DockerRecord.Phase.RESTARTING)
                    && filters.container(record, container.isPaused(), container.health()) && rows.size() < limit) {
                ObjectNode row = container.row();
                rows.add(exchange.flag("size") ? row.put("SizeRw", Ext4Disk.usedBytes(house.disk(container.id()))) : row);
            }
        }
        json(exchange, 200, rows);
    }

    private void prune(HttpExchange exchange) throws IOException, InterruptedException {
        Pruning pruning = Pruning.parse(exchange.query("filters"), Instant.now(house.clock()), "label", "label!", "until");
        ObjectNode answer = NODES.objectNode();
        ArrayNode deleted = answer.putArray("ContainersDeleted");
        long bytes = 0;
        for (DockerContainer container : containers.list()) {
            DockerRecord record = container.record();
            DockerRecord.Phase phase = record.state().phase();
            if (pruning.means(VolumeWishes.texts(record.config().path("Labels")), record.createdNanos()) && (phase == DockerRecord.Phase.EXITED || phase == DockerRecord.Phase.CREATED)) {
                bytes += Ext4Disk.usedBytes(house.disk(container.id()));
                container.remove(false, false);
                deleted.add(container.id());
            }
        }
        json(exchange, 200, answer.put("SpaceReclaimed", bytes));
    }

    private void events(HttpExchange exchange) throws IOException, InterruptedException {
        Filters filters = Filters.parse(exchange.query("filters"), "type", "event", "container", "image", "volume", "network", "label");
        Instant since = time(exchange.query("since"), Instant.MAX);
        Instant until = time(exchange.query("until"), Instant.MAX);
        DockerEvents.Follower follower = house.events().follow();
        try (OutputStream out = exchange.stream(200, "application/json", Map.of())) {
            exchange.whenGone(follower::leave);
            if (since != Instant.MAX) {
                for (DockerEvents.Event event : house.events().since(since.getEpochSecond() * 1_000_000_000L + since.getNano())) {
                    follower.skip(event);
                    tell(out, filters, event);
                }
            }
            Optional<DockerEvents.Event> next = follower.next(left(until));
            while (next.isPresent()) {
                tell(out, filters, next.get());
                next = follower.next(left(until));
            }
        } finally {
            follower.leave();
        }
    }

    private Duration left(Instant until) {
        return until.equals(Instant.MAX) ? Duration.ofDays(365) : Duration.between(Instant.now(house.clock()), until);
    }

    private static void tell(OutputStream out, Filters filters, DockerEvents.Event event) throws IOException {
        if (!filters.event(event)) {
            return;
        }
        ObjectNode line = NODES.objectNode().put("status", event.action()).put("id", event.id())
                .put("from", event.attributes().getOrDefault("image", "")).put("Type", event.type()).put("Action", event.action());
        ObjectNode actor = line.putObject("Actor").put("ID", event.id());
        actor.set("Attributes", JSON.valueToTree(event.attributes()));
        line.put("scope", "local").put("time", event.nanos() / 1_000_000_000L).put("timeNano", event.nanos());
        out.write((JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static ObjectNode version() {
        ObjectNode version = NODES.objectNode().put("Version", "0.1.0").put("ApiVersion", VERSION).put("MinAPIVersion", "1." + LEAST_VERSION)
                .put("Os", "linux").put("Arch", "amd64").put("GitCommit", "").put("GoVersion", "").put("BuildTime", "")
                .put("KernelVersion", System.getProperty("os.version"));
        version.putObject("Platform").put("Name", "Hypernetes hyperd");
        version.putArray("Components").addObject().put("Name", "Engine").put("Version", "0.1.0").putObject("Details").put("ApiVersion", VERSION)
                .put("MinAPIVersion", "1." + LEAST_VERSION).put("Os", "linux").put("Arch", "amd64");
        return version;
    }

    private ObjectNode info() {
        List<DockerContainer> all = containers.list();
        long paused = all.stream().filter(DockerContainer::isPaused).count();
        long alive = all.stream().filter(container -> container.record().isRunning()).count();
        ObjectNode info = NODES.objectNode().put("ID", "hyperd").put("Name", "hyperd").put("ServerVersion", "0.1.0").put("Containers", all.size())
                .put("ContainersRunning", alive - paused).put("ContainersPaused", paused).put("ContainersStopped", all.size() - alive)
                .put("Images", house.images().list().size()).put("Driver", "squashfs").put("LoggingDriver", "json-file").put("CgroupDriver", "none")
                .put("CgroupVersion", "2").put("OperatingSystem", "Hypernetes (each container is a virtual machine)").put("OSType", "linux")
                .put("Architecture", "x86_64").put("KernelVersion", System.getProperty("os.version"))
                .put("NCPU", Runtime.getRuntime().availableProcessors()).put("MemTotal", SystemCalls.memoryBytes()).put("DefaultRuntime", "hyperd")
                .put("DockerRootDir", house.folder().toString()).put("MemoryLimit", true).put("CpuCfsQuota", true).put("PidsLimit", true)
                .put("SwapLimit", true).put("IPv4Forwarding", true).put("OomKillDisable", false);
        info.putObject("Runtimes").putObject("hyperd").put("path", "");
        ObjectNode plugins = info.putObject("Plugins");
        plugins.putArray("Volume").add("local");
        plugins.putArray("Network").add("bridge");
        plugins.putArray("Log").add("json-file");
        info.putObject("Swarm").put("LocalNodeState", "inactive");
        info.putArray("SecurityOptions");
        return info;
    }
}
