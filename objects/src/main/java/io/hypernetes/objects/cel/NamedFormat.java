package io.hypernetes.objects.cel;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Names;
import java.time.LocalDate;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// A format of text that Kubernetes has a name for.
record NamedFormat(String name, Function<String, List<String>> check) {
    private static final Map<String, Function<String, List<String>>> CHECKS = checks();

    private static Map<String, Function<String, List<String>>> checks() {
        Map<String, Function<String, List<String>>> checks = new LinkedHashMap<>();
        checks.put("dns1123Label", Names::label);
        checks.put("dns1123Subdomain", Names::subdomain);
        checks.put("dns1035Label", Names::label1035);
        checks.put("uri", parsed("invalid URL", Url::parse));
        checks.put("byte", parsed("invalid base64", text -> Base64.getDecoder().decode(text)));
        checks.put("date", parsed("invalid date", text -> {
            try {
                return LocalDate.parse(text);
            } catch (java.time.DateTimeException e) {
                throw new IllegalArgumentException(e);
            }
        }));
        checks.put("datetime", parsed("invalid datetime", ApiTime::parse));
        checks.put("uuid", text -> text.matches("(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
                ? List.of()
                : List.of("does not match the UUID format"));
        return checks;
    }

    private static Function<String, List<String>> parsed(String complaint, Function<String, Object> parse) {
        return text -> {
            try {
                return Objects.isNull(parse.apply(text)) ? List.of(complaint) : List.of();
            } catch (IllegalArgumentException e) {
                return List.of(complaint);
            }
        };
    }

    static Set<String> names() {
        return CHECKS.keySet();
    }

    static Optional<NamedFormat> find(String name) {
        var check = CHECKS.get(name);
        return check == null ? Optional.empty() : Optional.of(new NamedFormat(name, check));
    }

    static NamedFormat of(String name) {
        return find(name).orElseThrow(() -> new IllegalArgumentException("no format " + name));
    }

    Optional<List<String>> validate(String text) {
        List<String> complaints = check.apply(text);
        return complaints.isEmpty() ? Optional.empty() : Optional.of(complaints);
    }
}
