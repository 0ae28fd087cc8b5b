package io.hypernetes.apiserver.request;

import io.hypernetes.objects.ApiStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The form in which a client wants its answer.
///
/// @param form what becomes of objects
/// @param version of the meta.k8s.io types: `v1` or `v1beta1`
/// @param yaml whether the answer is labelled YAML; the JSON sent is valid YAML
public record Accepted(Form form, String version, boolean yaml) {

    /// What is shown of an object.
    public enum Form {
        OBJECT,
        TABLE,
        METADATA
    }

    private static final List<String> OFFERED = List.of("application/json", "application/yaml");

    /// Chooses by the `Accept` header; JSON when there is none.
    ///
    /// @throws io.hypernetes.objects.ApiException 406 when nothing acceptable can be made
    public static Accepted of(List<String> headers) {
        var ranges = parse(headers);
        if (ranges.isEmpty()) {
            return new Accepted(Form.OBJECT, "v1", false);
        }
        for (var range : ranges) {
            boolean json = isJson(range);
            boolean yaml = range.type().equals("application/yaml");
            if (!json && !yaml) {
                continue;
            }
            var version = range.parameters().getOrDefault("v", "v1");
            var as = range.parameters().getOrDefault("as", "");
            boolean known = range.parameters().getOrDefault("g", "meta.k8s.io").equals("meta.k8s.io")
                    && (version.equals("v1") || version.equals("v1beta1"));
            switch (as) {
                case "" -> {
                    return new Accepted(Form.OBJECT, "v1", yaml);
                }
                case "Table" -> {
                    if (known) {
                        return new Accepted(Form.TABLE, version, yaml);
                    }
                }
                case "PartialObjectMetadata", "PartialObjectMetadataList" -> {
                    if (known) {
                        return new Accepted(Form.METADATA, version, yaml);
                    }
                }
                default -> {
                    // Forms of other parts of the API, such as discovery's, are not objects' forms.
                }
            }
        }
        throw ApiStatus.notAcceptable(OFFERED).asException();
    }

    /// Whether JSON is in a range.
    public static boolean isJson(Range range) {
        return List.of("application/json", "application/*", "*/*").contains(range.type());
    }

    /// For answers that are no stored objects, of which neither tables nor metadata can be made.
    ///
    /// @throws io.hypernetes.objects.ApiException 406 when anything but the object itself was asked for
    public void requireObject() {
        if (form != Form.OBJECT) {
            throw ApiStatus.notAcceptable(OFFERED).asException();
        }
    }

    /// The media type of the answer.
    public String contentType() {
        return yaml ? "application/yaml" : "application/json";
    }

    /// One media range of an Accept header.
    ///
    /// @param type in lower case
    public record Range(String type, Map<String, String> parameters, double quality) {}

    /// The ranges, the most wanted first; equal wishes in their order.
    public static List<Range> parse(List<String> headers) {
        var ranges = new ArrayList<Range>();
        for (var header : headers) {
            for (var item : header.split(",", 64)) {
                var parts = item.split(";");
                var type = parts[0].strip().toLowerCase(Locale.ROOT);
                if (type.isEmpty()) {
                    continue;
                }
                var parameters = new HashMap<String, String>();
                for (int i = 1; i < parts.length; i++) {
                    int equals = parts[i].indexOf('=');
                    if (equals > 0) {
                        parameters.put(parts[i].substring(0, equals).strip(), parts[i].substring(equals + 1).strip());
                    }
                }
                ranges.add(new Range(type, parameters, quality(parameters.get("q"))));
            }
        }
        ranges.removeIf(range -> range.quality() <= 0);
        ranges.sort(Comparator.comparingDouble(Range::quality).reversed());
        return ranges;
    }

    private static double quality(@org.jspecify.annotations.Nullable String text) {
        try {
            return text == null ? 1 : Double.parseDouble(text);
        } catch (NumberFormatException e) {
            return 1;
        }
    }
}
