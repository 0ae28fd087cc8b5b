package io.hypernetes.cli;

import java.util.List;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Output for machines (`-o json`).
final class Output {
    private static final JsonMapper MAPPER = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private Output() {}

    /// @throws UsageException when a format is not among those that the command has
    static void check(String asked, String... known) {
        if (!List.of(known).contains(asked)) {
            throw new UsageException("-o " + asked + ": this command prints " + String.join(" or ", known));
        }
    }

    static String json(Object value) {
        return MAPPER.writeValueAsString(value);
    }
}
