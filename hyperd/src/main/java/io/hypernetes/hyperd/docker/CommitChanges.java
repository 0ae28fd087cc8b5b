package io.hypernetes.hyperd.docker;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `docker commit --change`: lines of a Dockerfile that alter an image's configuration and run nothing.
final class CommitChanges {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Pattern PORT = Pattern.compile("([0-9]{1,5})(?:/(tcp|udp|sctp))?");
    private static final int MOST_LINES = 1000;

    private final ObjectNode config;
    private boolean commandGiven;

    private CommitChanges(ObjectNode config) {
        this.config = config;
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
            case "ENV" -> pairs(instruction, rest).forEach(this::variable);
            case "LABEL" -> pairs(instruction, rest).forEach((name, value) -> object("Labels").put(name, value));
            case "EXPOSE" -> words(rest).forEach(this::port);
            case "VOLUME" -> array(rest).orElseGet(() -> words(rest)).forEach(folder -> object("Volumes").putObject(folder));
            case "USER" -> config.put("User", rest);
            case "WORKDIR" -> config.put("WorkingDir", rest.startsWith("/") ? rest : config.path("WorkingDir").asString("/").replaceFirst("/*$", "/") + rest);
            case "STOPSIGNAL" -> config.put("StopSignal", rest);
            case "HEALTHCHECK", "ONBUILD", "SHELL" -> throw DockerFailure.later("commit --change " + instruction + " cannot be had; build the image, or say it with `docker run`");
            default -> throw new DockerFailure(400, parts[0] + " is not a valid change command");
        }
    }

    private ObjectNode object(String name) {
        return config.path(name).isObject() ? (ObjectNode) config.path(name) : config.putObject(name);
    }

    private void variable(String name, String value) {
        ArrayNode environment = JsonNodeFactory.instance.arrayNode();
        Wish.texts(config.path("Env")).stream().filter(entry -> !entry.startsWith(name + "=")).forEach(environment::add);
        config.set("Env", environment.add(name + "=" + value));
    }

    private void port(String text) {
        var parts = PORT.matcher(text);
        if (!parts.matches()) {
            throw new DockerFailure(400, "invalid port \"" + text + "\" in EXPOSE: as 80 or 53/udp");
        }
        object("ExposedPorts").putObject(parts.group(1) + "/" + (parts.group(2) == null ? "tcp" : parts.group(2)));
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
            return tree.isArray() && tree.valueStream().allMatch(JsonNode::isString) ? Optional.of(Wish.texts(tree)) : Optional.empty();
        } catch (JacksonException noJson) {
            return Optional.empty();
        }
    }

    /// `NAME=VALUE …`, or the older `NAME VALUE`.
    private static Map<String, String> pairs(String instruction, String text) {
        Map<String, String> pairs = new LinkedHashMap<>();
        List<String> words = words(text);
        if (!words.getFirst().contains("=")) {
            String[] parts = text.split("\\s+", 2);
            if (parts.length < 2) {
                throw new DockerFailure(400, instruction + " must have two arguments");
            }
            return Map.of(parts[0], parts[1]);
        }
        for (String word : words) {
            int equals = word.indexOf('=');
            if (equals < 1) {
                throw new DockerFailure(400, "can't find = in \"" + word + "\". Must be of the form: name=value");
            }
            pairs.put(word.substring(0, equals), word.substring(equals + 1));
        }
        return pairs;
    }

    /// Words as a shell would see them: quotes hold blanks, a backslash the character behind it.
    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean begun = false;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
                begun = true;
            } else if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    word.append(c);
                }
            } else if (c == '"' || c == '\'') {
                quote = c;
                begun = true;
            } else if (Character.isWhitespace(c)) {
                if (begun) {
                    words.add(word.toString());
                    word.setLength(0);
                    begun = false;
                }
            } else {
                word.append(c);
                begun = true;
            }
        }
        if (quote != 0) {
            throw new DockerFailure(400, "a quote in --change is not closed: " + text);
        }
        if (begun) {
            words.add(word.toString());
        }
        return words;
    }
}
