package io.hypernetes.images;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/// Rewrites a layer's tar for the converter: clean paths, whiteouts as overlayfs wants them, each path once, nothing that a
/// layer must not say. Used for one layer, once.
///
/// Files go through at once. Folders and whiteouts are held back to the end, when everything that decides on them is known: a
/// whiteout beside a folder of the same name makes the folder opaque, a folder given twice keeps its last attributes.
/// A file that a later entry replaces cannot be taken back from the stream; its number goes into [#superseded], and the
/// caller starts again with those numbers to skip.
final class LayerSanitiser {
    private static final String WHITEOUT = ".wh.";
    private static final String AUFS = ".wh..wh.";
    private static final String OPAQUE = ".wh..wh..opq";
    private static final int MOST_ATTRIBUTE_BYTES = 1 << 16;
    private static final int BYTES_A_NAME = 128; // what remembering a name costs beside the name
    private static final long LAST_SECOND = 0xffff_ffffL; // squashfs counts from 0 to here

    private final ImageSettings.Limits limits;
    private final Set<Integer> skipped;
    private final TarWriter writer;
    // In order, so that what is below a folder is found without looking at all that is not: there may be a million names.
    private final TreeMap<String, TarEntry> folders = new TreeMap<>();
    private final TreeMap<String, Integer> files = new TreeMap<>();
    private final TreeMap<String, String> symbolicLinks = new TreeMap<>();
    private final TreeSet<String> whiteouts = new TreeSet<>();
    private final TreeSet<String> opaque = new TreeSet<>();
    private final Set<Integer> superseded = new HashSet<>();
    private final long startNanos = System.nanoTime();
    private int number;
    private long bytes;
    private long pathBytes;

    LayerSanitiser(ImageSettings.Limits limits, Set<Integer> skipped, OutputStream out) {
        this.limits = limits;
        this.skipped = skipped;
        this.writer = new TarWriter(out);
    }

    /// Reads the whole tar and writes the clean one.
    ///
    /// @throws IOException when the tar is malformed, hostile or beyond the limits
    void run(InputStream tar) throws IOException {
        TarReader reader = new TarReader(tar);
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            if (++number > limits.entries()) {
                throw new TooLargeException("the layer holds more than " + limits.entries() + " files");
            }
            bytes += entry.size();
            if (bytes > limits.unpackedBytes() || bytes < 0) {
                throw new TooLargeException("the layer unpacks to more than " + limits.unpackedBytes() + " bytes");
            }
            if (System.nanoTime() - startNanos > limits.conversionTimeout().toNanos()) {
                throw new TooLargeException("the layer takes longer than " + limits.conversionTimeout().toSeconds() + " s to read");
            }
            if (!skipped.contains(number)) {
                place(entry, reader.content());
            }
        }
        writeFoldersAndWhiteouts();
        writer.finish();
    }

    /// Numbers of entries that were written although a later one replaces them; empty when the output is good.
    Set<Integer> superseded() {
        return superseded;
    }

    /// Whether the layer hides everything below it.
    boolean coversRoot() {
        return opaque.contains("");
    }

    private void place(TarEntry entry, InputStream content) throws IOException {
        String path = LayerPath.throughLinks(LayerPath.clean(entry.name()), symbolicLinks);
        if (path.isEmpty()) {
            return; // the root's own attributes are fixed
        }
        String base = LayerPath.base(path);
        if (base.equals(OPAQUE)) {
            charge(path);
            opaque.add(LayerPath.parent(path));
            implyParents(path);
        } else if (base.startsWith(AUFS)) {
            return; // bookkeeping of the file system that invented whiteouts
        } else if (base.startsWith(WHITEOUT)) {
            whiteOut(LayerPath.parent(path), base.substring(WHITEOUT.length()));
        } else if (entry.type() == TarEntry.Type.CHARACTER_DEVICE && entry.deviceMajor() == 0 && entry.deviceMinor() == 0) {
            whiteOut(LayerPath.parent(path), base); // already in overlayfs form
        } else if (entry.type() == TarEntry.Type.FOLDER) {
            placeFolder(path, entry);
        } else {
            placeFile(path, entry, content);
        }
    }

    /// What is remembered of a layer to its end is bounded.
    private void charge(String path) throws IOException {
        pathBytes += path.length() + BYTES_A_NAME;
        if (pathBytes > limits.pathBytes()) {
            throw new TooLargeException("the names in the layer take more than " + limits.pathBytes() + " bytes");
        }
    }

    private void whiteOut(String folder, String name) throws IOException {
        if (name.isEmpty() || name.equals(".") || name.equals("..")) {
            throw new IOException("a whiteout without a name in '" + Text.shortened(folder) + "'");
        }
        String path = LayerPath.child(folder, name);
        implyParents(path);
        charge(path);
        whiteouts.add(path);
    }

    private void placeFolder(String path, TarEntry entry) throws IOException {
        implyParents(path);
        replaceFile(path);
        charge(path);
        TarEntry kept = timed(entry.named(path, "", kept(entry)));
        kept.attributes().values().forEach(value -> pathBytes += value.length);
        folders.put(path, kept);
    }

    private void placeFile(String path, TarEntry entry, InputStream content) throws IOException {
        String link = entry.linkName();
        if (link.indexOf('\0') >= 0 || link.length() > 4095) {
            throw new IOException("'" + Text.shortened(path) + "' links to an impossible path");
        }
        if (entry.type() == TarEntry.Type.HARD_LINK) {
            link = LayerPath.throughLinks(LayerPath.clean(link), symbolicLinks);
            if (link.equals(path)) {
                return; // a file linked to itself says nothing new
            }
            if (!files.containsKey(link)) {
                throw new IOException("'" + Text.shortened(path) + "' is a hard link to '" + Text.shortened(link)
                        + "', which this layer does not hold before it");
            }
        } else if (entry.type() == TarEntry.Type.SYMBOLIC_LINK && link.isEmpty()) {
            throw new IOException("'" + Text.shortened(path) + "' is a symbolic link to nothing");
        }
        implyParents(path);
        replaceFile(path);
        replaceFolder(path);
        charge(path);
        files.put(path, number);
        if (entry.type() == TarEntry.Type.SYMBOLIC_LINK) {
            charge(link);
            symbolicLinks.put(path, link);
        }
        if (superseded.isEmpty()) {
            writer.write(timed(entry.named(path, link, kept(entry))), content);
        }
    }

    /// The nearest time that squashfs can say.
    private static TarEntry timed(TarEntry entry) {
        long seconds = Math.clamp(entry.modifiedSeconds(), 0, LAST_SECOND);
        return seconds == entry.modifiedSeconds() ? entry : entry.modified(seconds);
    }

    private void implyParents(String path) throws IOException {
        for (String folder = LayerPath.parent(path); !folder.isEmpty(); folder = LayerPath.parent(folder)) {
            if (folders.containsKey(folder)) {
                return;
            }
            replaceFile(folder);
            charge(folder);
            folders.put(folder, TarEntry.folder(folder, 0755));
        }
    }

    private void replaceFile(String path) {
        Integer earlier = files.remove(path);
        if (earlier != null) {
            superseded.add(earlier);
            symbolicLinks.remove(path);
        }
    }

    /// A file in the place of a folder removes what the layer put into that folder.
    private void replaceFolder(String path) {
        if (folders.remove(path) == null) {
            return;
        }
        String below = path + "/";
        // The character behind the slash: all that is between the two begins with the slash.
        String behind = path + "0";
        SortedMap<String, Integer> inside = files.subMap(below, behind);
        superseded.addAll(inside.values());
        inside.clear();
        folders.subMap(below, behind).clear();
        symbolicLinks.subMap(below, behind).clear();
        whiteouts.subSet(below, behind).clear();
        opaque.subSet(below, behind).clear();
        opaque.remove(path);
    }

    private void writeFoldersAndWhiteouts() throws IOException {
        if (!superseded.isEmpty()) {
            return;
        }
        for (Map.Entry<String, TarEntry> folder : folders.entrySet()) {
            TarEntry entry = folder.getValue();
            // Gone below and made anew here: nothing of the old one may shine through.
            if (opaque.contains(folder.getKey()) || whiteouts.contains(folder.getKey())) {
                Map<String, byte[]> attributes = new LinkedHashMap<>(entry.attributes());
                attributes.put("trusted.overlay.opaque", new byte[] {'y'});
                entry = entry.named(entry.name(), "", attributes);
            }
            writer.write(entry, InputStream.nullInputStream());
        }
        for (String path : whiteouts) {
            if (!folders.containsKey(path) && !files.containsKey(path)) {
                writer.write(
                        new TarEntry(path, TarEntry.Type.CHARACTER_DEVICE, 0, 0, 0, 0, 0, "", 0, 0, Map.of()),
                        InputStream.nullInputStream());
            }
        }
    }

    /// File capabilities and user attributes. All `trusted.` ones, overlayfs's above all, are for us to say.
    private static Map<String, byte[]> kept(TarEntry entry) throws IOException {
        Map<String, byte[]> kept = new HashMap<>();
        int size = 0;
        for (Map.Entry<String, byte[]> attribute : entry.attributes().entrySet()) {
            String name = attribute.getKey();
            if ((name.equals("security.capability") || name.startsWith("user.")) && name.length() <= 255) {
                kept.put(name, attribute.getValue());
                size += name.length() + attribute.getValue().length;
            }
        }
        if (size > MOST_ATTRIBUTE_BYTES) {
            throw new IOException("'" + Text.shortened(entry.name()) + "' has too many extended attributes");
        }
        return kept;
    }
}
