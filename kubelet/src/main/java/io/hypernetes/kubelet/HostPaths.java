package io.hypernetes.kubelet;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The folders of this installation on the node, whose names are no tenant's affair. Only paths below them are taken out of texts: what a container has under
/// the same name as every host, such as `/etc`, stays, and so do names of images. Thread-safe.
public final class HostPaths {
    private static final String HIDDEN = "(a path of the node)";

    private final Pattern paths;

    private HostPaths(Pattern paths) {
        this.paths = paths;
    }

    /// @param folders of which all that is below is hidden too; the root of the file system does not count
    public static HostPaths below(Path... folders) {
        List<String> names = Arrays.stream(folders)
                .map(folder -> folder.toAbsolutePath().normalize())
                .filter(folder -> folder.getNameCount() > 0)
                .map(Objects::toString)
                // Of two that begin alike the longer one is meant.
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
        if (names.isEmpty()) {
            return new HostPaths(Pattern.compile("(?!)"));
        }
        String any = names.stream().map(Pattern::quote).collect(Collectors.joining("|"));
        // Neither the tail of a longer path or name nor the beginning of a longer name; the end of a sentence is no part of it.
        return new HostPaths(Pattern.compile("(?<![\\w.-])(?:" + any + ")(?![\\w-])(?:/[^\\s\"',;()\\[\\]]*[^\\s\"',;()\\[\\].:])?"));
    }

    /// A text as a tenant may read it: paths are replaced, the rest stays.
    public String hiddenIn(String text) {
        return paths.matcher(text).replaceAll(HIDDEN);
    }
}
