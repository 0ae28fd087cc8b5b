package io.hypernetes.objects.schema;

import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Repeats;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/// Brings what a client sent into the shape of its API type: unknown fields and nulls are dropped, types checked,
/// quantities and times made canonical. Thread-safe.
public final class Decoder {
    private final Schema schema;

    public Decoder(Schema schema) {
        this.schema = schema;
    }

    /// An object in the shape of its type, and what strict decoding would refuse.
    ///
    /// @param problems such as `unknown field "spec.foo"` and `duplicate field "metadata.name"`; empty when it is clean
    public record Decoded(ObjectNode object, List<String> problems) {
        public Decoded {
            problems = List.copyOf(problems);
        }

        /// What a client that does not want to be refused is told, one by one.
        public List<String> warnings() {
            return problems.stream()
                    .flatMap(problem -> problem.startsWith(Repeats.LINES) ? problem.lines().skip(1).map(String::strip) : Stream.of(problem))
                    .toList();
        }

        /// The message of a strict refusal: `strict decoding error: unknown field "spec.foo", …`.
        public String strictMessage() {
            return "strict decoding error: " + String.join(", ", problems);
        }
    }

    /// Brings `object` (which is changed) into the shape of `schemaType`.
    ///
    /// @param schemaType such as `core.v1.Pod`
    /// @param repeats the members that occurred more than once
    /// @throws MalformedJsonException when a value is of a type that cannot be accepted; its message is for the client
    public Decoded decode(ObjectNode object, String schemaType, Repeats repeats) {
        return new Decoded(object, new SchemaCheck(schema, repeats).run(object, schemaType));
    }
}
