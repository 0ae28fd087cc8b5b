package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodSpec;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.schema.Schema;
import io.hypernetes.objects.schema.SchemaField;
import io.hypernetes.objects.schema.ValueType;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `docs/pod-fields.md` says of every field of a pod what becomes of it: of those of the schema that is served, and of those of the client library, so that
/// a new version of either cannot bring one that is taken and forgotten. What it calls refused is refused.
class PodFieldsDocumentTest {
    private static final Pattern NAME = Pattern.compile("`(\\w+)`");
    private static final Pattern FATE = Pattern.compile("(refused|warned of|no meaning|no meaning of its own|taken in part|unknown): .{5,}");
    /// Objects of their own, which other pages speak of.
    private static final Set<String> ELSEWHERE = Set.of("PersistentVolumeClaimTemplate");
    /// What a field must stand beside to mean what the page says.
    private static final Map<String, String> BESIDE = Map.of("AppArmorProfile.localhostProfile", "{\"type\":\"Localhost\"}");

    private static final Map<String, Map<String, String>> FATES = new TreeMap<>();
    private static final Schema SCHEMA = Schema.load();

    /// A field, and how one gets to it from the spec of a pod.
    private record Place(List<SchemaField> way, SchemaField field) {}

    @BeforeAll
    static void read() throws IOException {
        for (String line : Files.readAllLines(Cluster.checkout().resolve("docs/pod-fields.md"))) {
            String[] cells = line.replaceAll("^\\| | \\|$", "").split(" \\| ");
            if (!line.startsWith("| ") || cells[0].equals("part")) {
                continue;
            }
            if (cells.length == 3) {
                assertThat(cells[2]).matches(FATE);
            }
            NAME.matcher(cells[1]).results().forEach(name -> assertThat(
                            FATES.computeIfAbsent(cells[0], part -> new TreeMap<>()).put(name.group(1), cells.length == 3 ? cells[2] : "taken"))
                    .as("twice: " + cells[0] + "." + name.group(1)).isNull());
        }
    }

    private static String fate(String part, String field) {
        return FATES.getOrDefault(part, Map.of()).getOrDefault(field, "not on the page");
    }

    private static boolean goesOn(String part, String field) {
        return !fate(part, field).startsWith("refused") && !fate(part, field).startsWith("unknown");
    }

    private static String simple(String type) {
        return type.substring(type.lastIndexOf('.') + 1);
    }

    /// Every part with its fields; the first way to each.
    private static Map<String, Map<String, Place>> places() {
        Map<String, Map<String, Place>> places = new LinkedHashMap<>();
        record Todo(String type, List<SchemaField> way) {}
        Deque<Todo> todo = new ArrayDeque<>(List.of(new Todo("core.v1.PodSpec", List.of())));
        while (!todo.isEmpty()) {
            Todo now = todo.poll();
            String part = simple(now.type());
            if (ELSEWHERE.contains(part) || places.containsKey(part)) {
                continue;
            }
            Map<String, Place> fields = new TreeMap<>();
            places.put(part, fields);
            SCHEMA.get(now.type()).fields().values().forEach(field -> {
                fields.put(field.name(), new Place(now.way(), field));
                String next = field.refersTo();
                if (next != null && goesOn(part, field.name())) {
                    List<SchemaField> way = new ArrayList<>(now.way());
                    way.add(field);
                    todo.add(new Todo(next, way));
                }
            });
        }
        return places;
    }

    @Test
    void everyFieldOfTheSchemaIsOnThePageAndNoOther() {
        Map<String, Set<String>> served = new TreeMap<>();
        places().forEach((part, fields) -> served.put(part, new TreeSet<>(fields.keySet())));
        Map<String, Set<String>> named = new TreeMap<>();
        FATES.forEach((part, fields) -> {
            Set<String> known = new TreeSet<>(fields.keySet());
            known.removeIf(field -> fields.get(field).startsWith("unknown"));
            named.put(part, known);
        });
        assertThat(named).isEqualTo(served);
    }

    @Test
    void everyFieldOfTheClientLibraryIsOnThePage() {
        Set<Class<?>> seen = new java.util.HashSet<>();
        Deque<Class<?>> todo = new ArrayDeque<>(List.of(PodSpec.class));
        while (!todo.isEmpty()) {
            Class<?> part = todo.poll();
            if (ELSEWHERE.contains(part.getSimpleName()) || !seen.add(part)) {
                continue;
            }
            for (Field field : part.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) || field.getName().equals("additionalProperties")) {
                    continue;
                }
                assertThat(fate(part.getSimpleName(), field.getName())).as(part.getSimpleName() + "." + field.getName()).isNotEqualTo("not on the page");
                Class<?> next = modelOf(field.getGenericType());
                if (next != null && goesOn(part.getSimpleName(), field.getName())) {
                    todo.add(next);
                }
            }
        }
        assertThat(seen).hasSizeGreaterThan(50);
    }

    private static @org.jspecify.annotations.Nullable Class<?> modelOf(Type type) {
        if (type instanceof ParameterizedType generic) {
            return modelOf(generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1]);
        }
        boolean model = type instanceof Class<?> named && named.getPackageName().equals(PodSpec.class.getPackageName()) && !named.isEnum()
                && !Set.of("Quantity", "IntOrString").contains(named.getSimpleName());
        return model ? (Class<?>) type : null;
    }

    @Test
    void whatIsCalledRefusedIsRefused() {
        Kind pods = Kinds.load().get("v1", "Pod");
        int refused = 0;
        for (var part : places().entrySet()) {
            for (Place place : part.getValue().values()) {
                String name = part.getKey() + "." + place.field().name();
                if (fate(part.getKey(), place.field().name()).startsWith("refused")) {
                    refused++;
                    List<FieldError> errors = pods.validateCreate(podWith(place, BESIDE.getOrDefault(name, "{}")));
                    assertThat(errors).as(name).anySatisfy(error -> {
                        assertThat(error.reason()).isEqualTo(FieldError.Reason.FORBIDDEN);
                        // A profile is refused as a whole.
                        assertThat(error.path()).satisfiesAnyOf(
                                path -> assertThat(path).endsWith("." + place.field().name()),
                                path -> assertThat(path).endsWith("." + place.way().getLast().name()));
                    });
                }
            }
        }
        assertThat(refused).isGreaterThan(40);
    }

    private static ObjectNode podWith(Place place, String beside) {
        ObjectNode pod = Json.readObject("{\"metadata\":{\"name\":\"p\",\"namespace\":\"default\"}}");
        ObjectNode at = pod.putObject("spec");
        for (SchemaField step : place.way()) {
            at = step.type() instanceof ValueType.ListOf ? at.putArray(step.name()).addObject() : at.putObject(step.name());
        }
        at.setAll(Json.readObject(beside));
        at.set(place.field().name(), sample(place.field().type()));
        return pod;
    }

    /// Something that may stand there.
    private static JsonNode sample(ValueType type) {
        return switch (type) {
            case ValueType.ListOf list -> Json.array().add(sample(list.item()));
            case ValueType.MapOf map -> Json.object().set("x", sample(map.value()));
            case ValueType.Ref ref -> {
                SchemaField first = SCHEMA.get(ref.type()).fields().values().iterator().next();
                yield Json.object().set(first.name(), sample(first.type()));
            }
            case ValueType.Scalar.BOOLEAN -> Json.object().put("x", true).get("x");
            case ValueType.Scalar.INT32, ValueType.Scalar.INT64, ValueType.Scalar.NUMBER -> Json.integer(1);
            case ValueType.Scalar _ -> Json.object().put("x", "1").get("x");
        };
    }
}
