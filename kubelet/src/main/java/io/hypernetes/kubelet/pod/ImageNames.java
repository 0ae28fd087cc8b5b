package io.hypernetes.kubelet.pod;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Which texts name an image at all, by the grammar and with the words of the distribution project's references
/// (`reference/normalize.go`, `reference/regexp.go`), which an upstream kubelet reads names with before it asks a runtime.
final class ImageNames {
    private static final int LONGEST_NAME = 255;
    // Far beyond a name, a tag and a digest.
    private static final int LONGEST = 1024;
    private static final String INVALID = "invalid reference format";
    private static final Pattern BARE_ID = Pattern.compile("[a-f0-9]{64}");
    private static final Pattern HOST = Pattern.compile(
            "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+])(?::[0-9]+)?");
    private static final Pattern PART = Pattern.compile("[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*");
    private static final Pattern TAG = Pattern.compile("\\w[\\w.-]{0,127}");
    private static final Pattern DIGEST = Pattern.compile("[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}");

    private ImageNames() {}

    /// Why a text names no image; empty when it names one.
    static Optional<String> fault(String image) {
        if (image.length() > LONGEST) {
            return Optional.of(INVALID);
        }
        if (BARE_ID.matcher(image).matches()) {
            return Optional.of("invalid repository name (" + image + "), cannot specify 64-byte hexadecimal strings");
        }
        int slash = image.indexOf('/');
        String first = slash < 0 ? "" : image.substring(0, slash);
        boolean hosted = first.contains(".") || first.contains(":") || first.equals("localhost") || !first.equals(first.toLowerCase(Locale.ROOT));
        String host = hosted ? first : "docker.io";
        String rest = hosted ? image.substring(slash + 1) : image.contains("/") ? image : "library/" + image;
        int at = rest.indexOf('@');
        String named = at < 0 ? rest : rest.substring(0, at);
        int colon = named.indexOf(':');
        String path = colon < 0 ? named : named.substring(0, colon);
        if (!path.equals(path.toLowerCase(Locale.ROOT))) {
            return Optional.of(INVALID + ": repository name (" + path + ") must be lowercase");
        }
        if (!HOST.matcher(host).matches() || !isPath(path)
                || (colon >= 0 && !TAG.matcher(named.substring(colon + 1)).matches())
                || (at >= 0 && !DIGEST.matcher(rest.substring(at + 1)).matches())) {
            return Optional.of(INVALID);
        }
        return host.length() + 1 + path.length() > LONGEST_NAME
                ? Optional.of("repository name must not be more than " + LONGEST_NAME + " characters")
                : Optional.empty();
    }

    /// The full name of an image, with what was left out of it: unlike the short one of `sha256:…`, say, it can be taken for no id.
    static String full(String image) {
        String registry = RegistryPlace.registry(image);
        String rest = image.startsWith(registry + "/") ? image.substring(registry.length() + 1) : image;
        String path = registry.equals(RegistryPlace.DEFAULT) && !rest.contains("/") ? "library/" + rest : rest;
        boolean tagged = path.contains("@") || path.lastIndexOf(':') > path.lastIndexOf('/');
        return registry + "/" + path + (tagged ? "" : ":latest");
    }

    private static boolean isPath(String path) {
        for (String part : path.split("/", -1)) {
            if (!PART.matcher(part).matches()) {
                return false;
            }
        }
        return true;
    }
}
