package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.container.Signals;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `docker commit --change`: lines of a Dockerfile that alter an image's configuration and run nothing. Variables in them are those of the
/// image as it was before the line.
final class CommitChanges {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Pattern PORTS = Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?");
    private static final Set<String> PROTOCOLS = Set.of("tcp", "udp", "sctp");
    private static final int LAST_PORT = 65_535;
    private static final int MOST_PORTS = LAST_PORT + 1;
    private static final int MOST_LINES = 1000;

    private final ObjectNode config;
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final DockerfileWords words = new DockerfileWords();
    private int ports;
    private boolean commandGiven;

    private CommitChanges(ObjectNode config) {
        this.config = config;
        for (String entry : Wish.texts(config.path("Env"))) {
            String[] parts = entry.split("=", 2);
            environment.put(parts[0], parts.length > 1 ? parts[1] : "");
        }
    }

    /// Applies lines in their order.
    ///
    /// @param config `config` of an image, changed
    /// @param changes each one line, or several with line breaks between
    /// @throws DockerFailure 400 for what is no such line, 501 for one that cannot be had
    static void apply(ObjectNode config, List<String> changes) {
        CommitChanges target = new CommitChanges(config);
        List<String> lines = changes.stream().flatMap(String::lines).map(String::strip).filter(line -> !line.isEmpty() && !line.startsWith("#")).toList();
        if (lines.size() > MOST_LINES) {
            throw new DockerFailure(400, "--change takes at most " + MOST_LINES + " lines");
        }
        lines.forEach(target::line);
    }

    private void line(String line) {
        String[] parts = line.split("\\s+", 2);
        String rest = parts.length > 1 ? parts[1] : "";
        String instruction = parts[0].toUpperCase(Locale.ROOT);
        if (rest.isEmpty()) {
            throw new DockerFailure(400, instruction + " requires at least one argument");
        }
        switch (instruction) {
            case "CMD" -> {
                config.set("Cmd", program(rest));
                commandGiven = true;
            }
            case "ENTRYPOINT" -> {
                config.set("Entrypoint", program(rest));
                // The command was meant for the entrypoint before.
                if (!commandGiven) {
                    config.remove("Cmd");
                }
            }
            case "ENV" -> variables(pairs(instruction, rest));
            case "LABEL" -> pairs(instruction, rest).forEach((name, value) -> object("Labels").put(name, value));
            case "EXPOSE" -> blankSeparated(expanded(rest)).forEach(this::expose);
            case "VOLUME" -> array(rest).orElseGet(() -> blankSeparated(rest)).forEach(this::volume);
            case "USER" -> config.put("User", expanded(rest));
            case "WORKDIR" -> config.put("WorkingDir", folder(expanded(rest)));
            case "STOPSIGNAL" -> config.put("StopSignal", signal(expanded(rest)));
            case "HEALTHCHECK", "ONBUILD", "SHELL" -> throw DockerFailure.later("commit --change " + instruction + " cannot be had; build the image, or say it with `docker run`");
            default -> throw new DockerFailure(400, parts[0] + " is not a valid change command: there are CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR");
        }
    }

    private ObjectNode object(String name) {
        return config.path(name).isObject() ? (ObjectNode) config.path(name) : config.putObject(name);
    }

    private String expanded(String text) {
        return words.expand(text, environment);
    }

    private static List<String> blankSeparated(String text) {
        return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
    }

    private void variables(Map<String, String> changed) {
        environment.putAll(changed);
        ArrayNode entries = JsonNodeFactory.instance.arrayNode();
        environment.forEach((name, value) -> entries.add(name + "=" + value));
        config.set("Env", entries);
    }

    /// `80`, `53/udp` or `8000-8010/tcp`.
    private void expose(String text) {
        String[] parts = text.split("/", 2);
        if (parts[0].isEmpty()) {
            throw new DockerFailure(400, "no port specified: " + text + "<empty>");
        }
        String protocol = parts.length < 2 || parts[1].isEmpty() ? "tcp" : parts[1].toLowerCase(Locale.ROOT);
        if (!PROTOCOLS.contains(protocol)) {
            throw new DockerFailure(400, "invalid proto: " + protocol);
        }
        Matcher range = PORTS.matcher(parts[0]);
        int first = range.matches() ? Integer.parseInt(range.group(1)) : MOST_PORTS;
        int last = range.matches() && range.group(2) != null ? Integer.parseInt(range.group(2)) : first;
        if (first > last || last > LAST_PORT) {
            throw new DockerFailure(400, "invalid containerPort: " + parts[0] + ": a port from 0 to " + LAST_PORT + ", or a range of them as 8000-8010");
        }
        ports += last - first + 1;
        if (ports > MOST_PORTS) {
            throw new DockerFailure(400, "EXPOSE in --change takes at most " + MOST_PORTS + " ports together");
        }
        for (int port = first; port <= last; port++) {
            object("ExposedPorts").putObject(port + "/" + protocol);
        }
    }

    private void volume(String text) {
        String path = expanded(text).strip();
        if (path.isEmpty()) {
            throw new DockerFailure(400, "VOLUME specified can not be an empty string");
        }
        object("Volumes").putObject(path);
    }

    /// An absolute path as it is; any other starts where the image did before.
    private String folder(String path) {
        if (path.isEmpty()) {
            throw new DockerFailure(400, "cannot normalize nothing: WORKDIR requires a path");
        }
        if (path.startsWith("/")) {
            return path;
        }
        Deque<String> names = new ArrayDeque<>();
        for (String name : (config.path("WorkingDir").asString("") + "/" + path).split("/+")) {
            if (name.equals("..")) {
                names.pollLast();
            } else if (!name.isEmpty() && !name.equals(".")) {
                names.addLast(name);
            }
        }
        return "/" + String.join("/", names);
    }

    private static String signal(String name) {
        if (Signals.number(name).isEmpty()) {
            throw new DockerFailure(400, "invalid signal: " + name);
        }
        return name;
    }

    // A JSON array is a program and its arguments; anything else is for a shell.
    private static ArrayNode program(String text) {
        List<String> argv = array(text).orElseGet(() -> List.of("/bin/sh", "-c", text));
        ArrayNode program = JsonNodeFactory.instance.arrayNode();
        argv.forEach(program::add);
        return program;
    }

    private static Optional<List<String>> array(String text) {
        if (!text.startsWith("[")) {
            return Optional.empty();
        }
        try {
            JsonNode tree = JSON.readTree(text);
            if (!tree.valueStream().allMatch(JsonNode::isString)) {
                throw new DockerFailure(400, "when using JSON array syntax, arrays must be comprised of strings only: " + text);
            }
            return Optional.of(Wish.texts(tree));
        } catch (JacksonException noJson) {
            return Optional.empty();
        }
    }

    /// `NAME=VALUE …`, or the older `NAME VALUE`; all of a line see the variables from before it.
    private Map<String, String> pairs(String instruction, String text) {
        Map<String, String> pairs = new LinkedHashMap<>();
        List<String> written = DockerfileWords.split(text);
        if (!written.getFirst().contains("=")) {
            String[] parts = text.split("\\s+", 2);
            if (parts.length < 2) {
                throw new DockerFailure(400, instruction + " must have two arguments");
            }
            pairs.put(name(instruction, parts[0]), expanded(parts[1]));
            return pairs;
        }
        for (String word : written) {
            int equals = word.indexOf('=');
            if (equals < 0) {
                throw new DockerFailure(400, "Syntax error - can't find = in \"" + word + "\". Must be of the form: name=value");
            }
            pairs.put(name(instruction, word.substring(0, equals)), expanded(word.substring(equals + 1)));
        }
        return pairs;
    }

    private String name(String instruction, String written) {
        String name = expanded(written);
        if (name.isEmpty()) {
            throw new DockerFailure(400, instruction + " names can not be blank");
        }
        return name;
    }
}
