package io.hypernetes.hyperd.docker;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `--platform`: images run on the host's processors, under Linux.
final class Platforms {
    private static final List<String> THIS = System.getProperty("os.arch").equals("aarch64") ? List.of("arm64", "aarch64") : List.of("amd64", "x86_64");

    private Platforms() {}

    /// @param asked as `linux/amd64`, `linux`, `amd64`, `linux/arm64/v8`, or a JSON object with `os` and `architecture`; empty for any
    /// @throws DockerFailure 400 for a platform whose programs do not run here
    static void refuseForeign(String asked) {
        String platform = asked;
        if (asked.startsWith("{")) {
            JsonNode tree = new JsonMapper().readTree(asked);
            platform = tree.path("os").asString("linux") + "/" + tree.path("architecture").asString(THIS.getFirst());
        }
        String[] parts = platform.isEmpty() ? new String[0] : platform.split("/", -1);
        boolean fits = parts.length < 4;
        for (int i = 0; fits && i < parts.length; i++) {
            fits = i == 0 && parts[i].equals("linux") || (i == 0 && parts.length == 1 || i == 1) && THIS.contains(parts[i]) || i == 2;
        }
        if (!fits) {
            throw new DockerFailure(400, "platform " + platform + " does not match the host's (linux/" + THIS.getFirst()
                    + "): programs of other processors and systems do not run here. Leave --platform out, or choose linux/" + THIS.getFirst());
        }
    }
}
