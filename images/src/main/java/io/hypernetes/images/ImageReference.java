package io.hypernetes.images;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A name of an image as users write it, completed as Docker does: host `docker.io`, namespace `library`, tag `latest`.
///
/// @param host registry, with a port when one is given
/// @param repository path in the registry
/// @param tag null when the reference goes by digest
/// @param digest `sha256:…`; wins over a tag given beside it. Null when the reference goes by tag
public record ImageReference(String host, String repository, @Nullable String tag, @Nullable String digest) {
    private static final Pattern HOST = Pattern.compile(
            "(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\\[[0-9a-fA-F:.]+])(?::[0-9]{1,5})?");
    private static final Pattern REPOSITORY =
            Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
    private static final String DOCKER = "docker.io";

    /// @throws ImageException INVALID_REFERENCE saying which part is wrong
    public static ImageReference parse(String text) {
        if (text.length() > 512) {
            throw invalid(text, "it is longer than 512 characters");
        }
        String rest = text;
        String digest = null;
        int at = rest.indexOf('@');
        if (at >= 0) {
            digest = Digest.parse(rest.substring(at + 1)).toString();
            rest = rest.substring(0, at);
        }
        String tag = null;
        int colon = rest.lastIndexOf(':');
        if (colon > rest.lastIndexOf('/') && !(rest.startsWith("[") && colon < rest.indexOf(']'))) {
            tag = rest.substring(colon + 1);
            rest = rest.substring(0, colon);
            if (!TAG.matcher(tag).matches()) {
                throw invalid(text, "'" + Text.shortened(tag) + "' is no tag");
            }
        }
        String host = DOCKER;
        int slash = rest.indexOf('/');
        if (slash > 0 && isHost(rest.substring(0, slash))) {
            host = rest.substring(0, slash);
            rest = rest.substring(slash + 1);
            if (!HOST.matcher(host).matches()) {
                throw invalid(text, "'" + Text.shortened(host) + "' is no host");
            }
            if (host.equals("index.docker.io") || host.equals("registry-1.docker.io")) {
                host = DOCKER;
            }
        }
        if (host.equals(DOCKER) && !rest.contains("/")) {
            rest = "library/" + rest;
        }
        if (rest.length() > 255 || !REPOSITORY.matcher(rest).matches()) {
            throw invalid(text, "a repository is lower-case letters and digits, joined by '.', '_', '-' and '/'");
        }
        return new ImageReference(host, rest, digest != null ? null : tag != null ? tag : "latest", digest);
    }

    /// The reference that `text` is, or empty when it is none.
    static Optional<ImageReference> tryParse(String text) {
        try {
            return Optional.of(parse(text));
        } catch (ImageException e) {
            return Optional.empty();
        }
    }

    /// Host and repository.
    public String name() {
        return host + "/" + repository;
    }

    /// The full name with this digest.
    String at(Digest other) {
        return name() + "@" + other;
    }

    /// The full name, as `docker.io/library/busybox:latest`.
    @Override
    public String toString() {
        return digest != null ? name() + "@" + digest : name() + ":" + tag;
    }

    /// A full name as people write it: without what [#parse] fills in, save the tag.
    static String familiar(String full) {
        String rest = full.startsWith("docker.io/") ? full.substring("docker.io/".length()) : full;
        return rest.startsWith("library/") && !rest.substring("library/".length()).contains("/") && !rest.equals(full)
                ? rest.substring("library/".length()) : rest;
    }

    private static boolean isHost(String first) {
        return first.contains(".") || first.contains(":") || first.equals("localhost") || !first.equals(first.toLowerCase(Locale.ROOT));
    }

    private static ImageException invalid(String text, String why) {
        return new ImageException(ImageException.Reason.INVALID_REFERENCE,
                "'" + Text.shortened(text) + "' does not name an image: " + why
                        + "; write [host[:port]/]repository[:tag][@digest]");
    }
}
