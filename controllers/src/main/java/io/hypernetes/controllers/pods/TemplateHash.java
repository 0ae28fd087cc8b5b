package io.hypernetes.controllers.pods;

import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.hypernetes.client.Documents;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// A short name for a version of a pod template, safe in labels: the same for the same template, however its maps are ordered.
public final class TemplateHash {
    /// No vowels, so that no words come out, and nothing that looks like something else.
    private static final String LETTERS = "bcdfghjklmnpqrstvwxz2456789";

    private TemplateHash() {}

    /// @param collisions how often the name was taken by another template
    public static String of(PodTemplateSpec template, @Nullable Integer collisions) {
        return of(Documents.canonical(template), collisions);
    }

    /// The same for any text that stands for the version.
    public static String of(String text, @Nullable Integer collisions) {
        int hash = 0x811c9dc5;
        for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (value & 0xff)) * 0x01000193;
        }
        if (collisions != null && collisions > 0) {
            for (byte value : ("#" + collisions).getBytes(StandardCharsets.UTF_8)) {
                hash = (hash ^ (value & 0xff)) * 0x01000193;
            }
        }
        StringBuilder name = new StringBuilder();
        for (char digit : Integer.toUnsignedString(hash).toCharArray()) {
            name.append(LETTERS.charAt((digit) % LETTERS.length()));
        }
        return name.toString();
    }
}
