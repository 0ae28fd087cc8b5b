package io.hypernetes.images;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/// Paths of a layer: relative to its root, without `.`, `..`, doubled or trailing slashes; the root is empty.
final class LayerPath {
    private static final int LONGEST = 4095;
    private static final int LONGEST_NAME = 255;
    private static final int MOST_LINKS = 40;
    private static final int DEEPEST = 512;
    private static final int MOST_STEPS = 4096;

    private LayerPath() {}

    /// The clean form of an entry's name.
    ///
    /// @throws IOException when it leaves the layer or is longer than a path may be
    static String clean(String name) throws IOException {
        List<String> parts = new ArrayList<>();
        for (String part : name.split("/")) {
            switch (part) {
                case "", "." -> {}
                case ".." -> {
                    if (parts.isEmpty()) {
                        throw new IOException("the path '" + Text.shortened(name) + "' leads out of the layer");
                    }
                    parts.removeLast();
                }
                default -> parts.add(part);
            }
        }
        String path = String.join("/", parts);
        if (path.length() > LONGEST || parts.stream().anyMatch(part -> part.length() > LONGEST_NAME)) {
            throw new IOException("the path '" + Text.shortened(name) + "' is too long");
        }
        if (parts.size() > DEEPEST) {
            throw new IOException("the path '" + Text.shortened(name) + "' goes through more than " + DEEPEST + " folders");
        }
        if (path.indexOf('\0') >= 0) {
            throw new IOException("the path '" + Text.shortened(name) + "' holds a zero byte");
        }
        return path;
    }

    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "" : path.substring(0, slash);
    }

    static String base(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    static String child(String parent, String name) {
        return parent.isEmpty() ? name : parent + "/" + name;
    }

    /// `path` with the symbolic links of the same layer among its folders followed, as someone would who has the layer's root
    /// as his own: an absolute or climbing link stays inside.
    static String throughLinks(String path, Map<String, String> links) throws IOException {
        if (links.isEmpty()) {
            return path;
        }
        Deque<String> ahead = new ArrayDeque<>(Arrays.asList(parent(path).split("/")));
        String at = "";
        int followed = 0;
        int steps = 0;
        while (!ahead.isEmpty()) {
            if (++steps > MOST_STEPS) {
                throw new IOException("the path '" + Text.shortened(path) + "' goes through too many folders");
            }
            String part = ahead.removeFirst();
            if (part.isEmpty() || part.equals(".")) {
                continue;
            }
            if (part.equals("..")) {
                at = parent(at);
                continue;
            }
            String next = child(at, part);
            String target = links.get(next);
            if (target == null) {
                at = next;
                continue;
            }
            if (++followed > MOST_LINKS) {
                throw new IOException("the path '" + Text.shortened(path) + "' goes through too many symbolic links");
            }
            if (target.startsWith("/")) {
                at = "";
            }
            for (String piece : Arrays.asList(target.split("/")).reversed()) {
                ahead.addFirst(piece);
            }
        }
        return clean(child(at, base(path)));
    }
}
