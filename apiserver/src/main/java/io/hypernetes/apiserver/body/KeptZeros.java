package io.hypernetes.apiserver.body;

import com.google.protobuf.Descriptors.FieldDescriptor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// The scalars whose zero is in the JSON of a Go client, so that it says something: unit 0 of a disk, a header without a value, a priority of 0.
/// Read at first use.
final class KeptZeros {
    static final String TABLE = "kept-zeros.txt";

    /// What the names of messages begin with before the group, by which the table knows them.
    private static final List<String> HOMES = List.of("k8s.io.api.", "k8s.io.apimachinery.pkg.apis.", "k8s.io.apiextensions_apiserver.pkg.apis.");

    private static final Map<String, Set<String>> FIELDS = load();

    private KeptZeros() {}

    /// Whether a zero of this field is kept when it is on the wire.
    static boolean has(FieldDescriptor field) {
        return FIELDS.getOrDefault(shortName(field.getContainingType().getFullName()), Set.of()).contains(field.getName());
    }

    /// The table: fields by message.
    static Map<String, Set<String>> fields() {
        return FIELDS;
    }

    static String shortName(String message) {
        for (var home : HOMES) {
            if (message.startsWith(home)) {
                return message.substring(home.length());
            }
        }
        return message;
    }

    private static Map<String, Set<String>> load() {
        var fields = new HashMap<String, Set<String>>();
        try (var lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(KeptZeros.class.getResourceAsStream(TABLE), "the table of zeros is missing"), StandardCharsets.UTF_8))) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith("#")) {
                    var words = line.split(" ");
                    fields.put(words[0], Set.copyOf(Arrays.asList(words).subList(1, words.length)));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Map.copyOf(fields);
    }
}
