package io.hypernetes.objects.openapi;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/// The sentences that describe types and fields, from the table that the build makes ([DescriptionExtractor]). Immutable.
final class Descriptions {
    private static final String TABLE = "/io/hypernetes/objects/descriptions.tsv.gz";

    private final Map<String, String> texts;

    private Descriptions(Map<String, String> texts) {
        this.texts = texts;
    }

    /// Reads the table; without one, nothing is described.
    static Descriptions load() {
        Map<String, String> texts = new HashMap<>();
        try (var in = Descriptions.class.getResourceAsStream(TABLE)) {
            if (in == null) {
                return new Descriptions(Map.of());
            }
            try (var lines = new BufferedReader(new InputStreamReader(new GZIPInputStream(in), StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    int last = line.lastIndexOf('\t');
                    texts.put(line.substring(0, last), line.substring(last + 1));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the table of descriptions: rebuild the module objects", e);
        }
        return new Descriptions(texts);
    }

    /// What a type is; empty when nobody says.
    String ofType(String type) {
        return texts.getOrDefault(type + "\t", "");
    }

    /// What a field is for; empty when nobody says.
    String ofField(String type, String field) {
        return texts.getOrDefault(type + "\t" + field, "");
    }
}
