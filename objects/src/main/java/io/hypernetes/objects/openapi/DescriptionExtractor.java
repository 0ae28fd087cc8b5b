package io.hypernetes.objects.openapi;

import io.hypernetes.objects.schema.Schema;
import io.hypernetes.objects.schema.SchemaType;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.lang.classfile.Annotation;
import java.lang.classfile.AnnotationValue;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// A step of the build: takes the sentences that describe types and fields out of the annotations of the Kubernetes project's Java client
/// (Apache License 2.0) and writes them into the table that [Descriptions] reads. The client's classes are looked at, never loaded,
/// and are no part of what is shipped.
public final class DescriptionExtractor {
    private static final String MODELS = "io/kubernetes/client/openapi/models/";
    private static final String ON_TYPE = "Lio/swagger/annotations/ApiModel;";
    private static final String ON_FIELD = "Lio/swagger/annotations/ApiModelProperty;";

    private DescriptionExtractor() {}

    /// Writes the table.
    ///
    /// @param arguments the file to write; nothing happens when it is there already
    /// @throws IOException when it cannot be written
    public static void main(String[] arguments) throws IOException {
        Path target = Path.of(arguments[0]);
        if (Files.exists(target)) {
            return;
        }
        Files.createDirectories(target.toAbsolutePath().getParent());
        Path part = target.resolveSibling(target.getFileName() + ".part");
        try (var out = new PrintWriter(
                new OutputStreamWriter(new GZIPOutputStream(Files.newOutputStream(part)), StandardCharsets.UTF_8))) {
            for (SchemaType type : Schema.load().types().values()) {
                ClassModel model = find(type);
                if (model != null) {
                    write(type, model, out);
                }
            }
            if (out.checkError()) {
                throw new IOException("cannot write " + part);
            }
        }
        Files.move(part, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    /// The class of a type: where a name occurs in several groups, the group stands before it.
    private static @Nullable ClassModel find(SchemaType type) throws IOException {
        String[] parts = type.name().split("\\.");
        if (parts.length != 3) {
            return null;
        }
        String version = capital(parts[1]);
        for (String name : List.of(capital(parts[0]) + version + parts[2], version + parts[2])) {
            byte[] bytes = read(name);
            if (bytes != null) {
                return ClassFile.of().parse(bytes);
            }
        }
        return null;
    }

    private static byte @Nullable [] read(String name) throws IOException {
        try (var in = DescriptionExtractor.class.getClassLoader().getResourceAsStream(MODELS + name + ".class")) {
            return in == null ? null : in.readAllBytes();
        }
    }

    private static void write(SchemaType type, ClassModel model, PrintWriter out) {
        Map<String, String> found = new HashMap<>();
        for (MethodModel method : model.methods()) {
            String name = method.methodName().stringValue();
            if (name.startsWith("get")) {
                method.findAttribute(Attributes.runtimeVisibleAnnotations())
                        .flatMap(all -> text(all.annotations(), ON_FIELD, "value"))
                        .ifPresent(text -> found.put(plain(name.substring(3)), text));
            }
        }
        model.findAttribute(Attributes.runtimeVisibleAnnotations())
                .flatMap(all -> text(all.annotations(), ON_TYPE, "description"))
                .ifPresent(text -> line(out, type.name(), "", text));
        for (String field : type.fields().keySet()) {
            String text = found.get(plain(field));
            if (text != null) {
                line(out, type.name(), field, text);
            }
        }
    }

    private static Optional<String> text(List<Annotation> annotations, String type, String member) {
        for (Annotation annotation : annotations) {
            if (annotation.className().equalsString(type)) {
                for (var element : annotation.elements()) {
                    if (element.name().equalsString(member) && element.value() instanceof AnnotationValue.OfString text) {
                        return Optional.of(text.stringValue()).filter(t -> !t.isBlank());
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static void line(PrintWriter out, String type, String field, String text) {
        out.print(type + "\t" + field + "\t" + text.replaceAll("[\\t\\r\\n]+", " ").strip() + "\n");
    }

    /// A name without what one of the two spellings lacks.
    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    }

    private static String capital(String word) {
        return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
    }
}
