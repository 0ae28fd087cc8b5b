package io.hypernetes.hypervisor;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The modules of one packaged kernel, `/lib/modules/VERSION`.
final class KernelModules {
    private static final byte[] SIGNATURE_MAGIC = "~Module signature appended~\n".getBytes(StandardCharsets.US_ASCII);

    private final Path folder;
    /// Module name to its line of modules.dep: itself first, then all that it needs.
    private final Map<String, List<String>> dependencies = new HashMap<>();
    private final Set<String> builtIn;

    KernelModules(Path folder) throws IOException {
        this.folder = folder;
        for (String line : Files.readAllLines(folder.resolve("modules.dep"))) {
            int colon = line.indexOf(':');
            List<String> files = new ArrayList<>();
            files.add(line.substring(0, colon));
            for (String needed : line.substring(colon + 1).strip().split(" ")) {
                if (!needed.isEmpty()) {
                    files.add(needed);
                }
            }
            dependencies.put(name(files.getFirst()), files);
        }
        Path built = folder.resolve("modules.builtin");
        builtIn = Files.exists(built)
                ? Files.readAllLines(built).stream().map(KernelModules::name).collect(Collectors.toSet())
                : Set.of();
    }

    /// Those of these modules that the kernel has neither as a file nor built in.
    List<String> lacking(List<String> names) {
        return names.stream()
                .filter(name -> !builtIn.contains(name))
                .filter(name -> !dependencies.containsKey(name)
                        || !dependencies.getOrDefault(name, List.of()).stream().allMatch(file -> Files.isRegularFile(folder.resolve(file))))
                .toList();
    }

    /// The files of these modules and of all they need, in an order in which they load. One that is built into the kernel needs no file.
    ///
    /// @throws HypervisorException when the kernel has one of them neither way
    List<Path> inLoadOrder(List<String> names) {
        Set<String> ordered = new LinkedHashSet<>();
        for (String name : names) {
            List<String> files = dependencies.get(name);
            if (files != null) {
                visit(files, ordered);
            } else if (!builtIn.contains(name)) {
                throw new HypervisorException("the kernel of " + folder + " has no module " + name
                        + ", which guests need; install linux-image-cloud-amd64 or build the project's kernel (hypernetes kernel build)");
            }
        }
        return ordered.stream().map(folder::resolve).toList();
    }

    /// Other names under which the kernel asks for these modules, such as `nft-chain-2-nat`; those of devices on buses are left out.
    Map<String, String> aliases(Set<String> names) throws IOException {
        Map<String, String> found = new TreeMap<>();
        Path file = folder.resolve("modules.alias");
        if (!Files.exists(file)) {
            return found;
        }
        for (String line : Files.readAllLines(file)) {
            String[] words = line.split(" ");
            if (words.length == 3 && words[0].equals("alias") && names.contains(words[2])) {
                // The kernel asks for block-major-7 when nobody knows block-major-7-0.
                String alias = words[1].endsWith("-*") ? words[1].substring(0, words[1].length() - 2) : words[1];
                if (alias.matches("[A-Za-z0-9_-]{1,63}")) {
                    found.put(alias, words[2]);
                }
            }
        }
        return found;
    }

    private void visit(List<String> files, Set<String> ordered) {
        for (String needed : files.subList(1, files.size())) {
            if (!ordered.contains(needed)) {
                visit(dependencies.getOrDefault(name(needed), List.of(needed)), ordered);
            }
        }
        ordered.add(files.getFirst());
    }

    /// The module's bytes, unpacked, with its signature or without.
    static byte[] content(Path file, boolean signed) throws IOException {
        byte[] content = content(file);
        return signed ? content : unsigned(content);
    }

    // See linux/module_signature.h: behind the module its signature, twelve bytes that end with the signature's length, a magic line.
    private static byte[] unsigned(byte[] module) {
        int end = module.length - SIGNATURE_MAGIC.length;
        if (end < 12 || !Arrays.equals(module, end, module.length, SIGNATURE_MAGIC, 0, SIGNATURE_MAGIC.length)) {
            return module;
        }
        int signature = ByteBuffer.wrap(module).getInt(end - 4);
        return signature < 0 || signature > end - 12 ? module : Arrays.copyOf(module, end - 12 - signature);
    }

    private static byte[] content(Path file) throws IOException {
        List<String> unpack =
                switch (suffix(file)) {
                    case "xz" -> List.of("xz", "-dc", file.toString());
                    case "zst" -> List.of("zstd", "-dcq", file.toString());
                    case "gz" -> List.of("gzip", "-dc", file.toString());
                    default -> List.of();
                };
        if (unpack.isEmpty()) {
            return Files.readAllBytes(file);
        }
        Process process = new ProcessBuilder(unpack).redirectErrorStream(false).start();
        process.getOutputStream().close();
        byte[] content = process.getInputStream().readAllBytes();
        String error = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException("unpacking " + file + ": " + error.strip());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while unpacking " + file, interrupted);
        }
        return content;
    }

    /// As the kernel names it: no folder, no suffix, underscores.
    static String name(String file) {
        String base = file.substring(file.lastIndexOf('/') + 1);
        int ko = base.indexOf(".ko");
        return (ko < 0 ? base : base.substring(0, ko)).replace('-', '_');
    }

    private static String suffix(Path file) {
        String name = file.toString();
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
