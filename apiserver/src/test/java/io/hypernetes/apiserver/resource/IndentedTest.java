package io.hypernetes.apiserver.resource;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.http.Part;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class IndentedTest {
    private static List<Part> parts(String json) {
        return List.of(Part.of(json.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void whatIsInsideIsFurtherIn() {
        assertThat(Indented.lines(parts("{\"a\":[1,2]}")).getFirst().array()).asString().isEqualTo("{\n  \"a\": [\n    1,\n    2\n  ]\n}");
    }

    /// Each member of something that is a thousand deep has two thousand spaces before it.
    @Test
    void whatIsTooDeepStaysAsItIs() {
        var deep = parts("[".repeat(1000) + "0" + ",0".repeat(500_000) + "]".repeat(1000));
        assertThat(Indented.lines(deep)).isSameAs(deep);
    }
}
