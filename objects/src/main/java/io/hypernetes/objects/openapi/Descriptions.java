package io.hypernetes.objects.openapi;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/// The sentences that describe types and fields: those of Kubernetes from the table that the build makes ([DescriptionExtractor]), those of Hypernetes'
/// own kinds from one that is written by hand. Immutable.
final class Descriptions {
    private static final String TABLE = "/io/hypernetes/objects/descriptions.tsv.gz";
    private static final String OWN = "/io/hypernetes/objects/hypernetes-descriptions.tsv";

    private final Map<String, String> texts;

    private Descriptions(Map<String, String> texts) {
        this.texts = texts;
    }

    /// Reads the tables; without that of the build, nothing of Kubernetes is described.
    static Descriptions load() {
        Map<String, String> texts = new HashMap<>();
        try (var own = Descriptions.class.getResourceAsStream(OWN); var built = Descriptions.class.getResourceAsStream(TABLE)) {
            read(Objects.requireNonNull(own, OWN), texts);
            if (built != null) {
                read(new GZIPInputStream(built), texts);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the tables of descriptions: rebuild the module objects", e);
        }
        return new Descriptions(texts);
    }

    private static void read(InputStream table, Map<String, String> texts) throws IOException {
        try (var lines = new BufferedReader(new InputStreamReader(table, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int last = line.lastIndexOf('\t');
                if (last >= 0) {
                    texts.put(line.substring(0, last), line.substring(last + 1));
                }
            }
        }
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
