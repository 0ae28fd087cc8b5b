package io.hypernetes.identity;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Remembers that files were found to belong together, so that a start need not find it out again: to try a key is a tenth of a start, as none of what it takes
/// is compiled yet. Kept is a hash of what was checked; other contents are checked anew. Whoever may write the file may replace the key too.
final class CheckedFiles {
    private final @Nullable Path file;

    /// @param file has the hash of what was last found good, or is not there yet; null: nothing is remembered
    CheckedFiles(@Nullable Path file) {
        this.file = file;
    }

    /// Checks each time.
    static CheckedFiles never() {
        return new CheckedFiles(null);
    }

    /// Whether the contents are those that were found good the last time, or the check finds them good now.
    boolean good(List<String> contents, BooleanSupplier check) {
        if (file == null) {
            return check.getAsBoolean();
        }
        String hash = hash(contents);
        if (hash.equals(remembered(file))) {
            return true;
        }
        boolean good = check.getAsBoolean();
        if (good) {
            try {
                SecretFiles.replace(file, hash);
            } catch (IOException e) {
                // Then it is checked the next time too.
                return true;
            }
        }
        return good;
    }

    private static String remembered(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException absent) {
            return "";
        }
    }

    private static String hash(List<String> contents) {
        try {
            MessageDigest hash = MessageDigest.getInstance("SHA-256");
            for (String content : contents) {
                byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
                hash.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
                hash.update(bytes);
            }
            return HexFormat.of().formatHex(hash.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IdentityException("this JDK has no SHA-256: " + e.getMessage(), e);
        }
    }
}
