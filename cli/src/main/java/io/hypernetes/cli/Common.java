package io.hypernetes.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The flags that every command knows.
final class Common {
    @Option(names = "--root", paramLabel = "DIR", description = "keep state, sockets and logs below DIR instead of /var/lib, /run and /var/log")
    private @Nullable Path root;

    @Option(names = "--set", paramLabel = "NAME=VALUE", description = "override a setting; `hypernetes config show` lists them")
    private List<String> overrides = new ArrayList<>();

    /// The flags of a line that has nothing but them in the form in which [#flags()] tells them; empty for any other, which the table of all commands understands
    /// or explains.
    static Optional<Common> plain(List<String> line) {
        Common plain = new Common();
        for (int i = 0; i < line.size(); i += 2) {
            if (i + 1 == line.size() || line.get(i + 1).startsWith("-")) {
                return Optional.empty();
            }
            String value = line.get(i + 1);
            if (line.get(i).equals("--set")) {
                plain.overrides.add(value);
            } else if (line.get(i).equals("--root") && plain.root == null) {
                plain.root = Path.of(value);
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(plain);
    }

    Places places() {
        return root == null ? Places.ofMachine() : Places.below(root);
    }

    Settings settings() {
        return Settings.read(places().state().resolve("config.yaml"), overrides);
    }

    /// The settings as the master of this machine runs with them, as far as they say where it is reached: whatever it was started with, or its file says by now.
    /// One that does not run is most likely to be where it was, unless its file says otherwise.
    Settings clusterSettings() {
        Path file = places().config();
        Path lock = places().lockOf("master");
        List<String> flags = new ArrayList<>(ProcessLock.toldLast(lock));
        if (!flags.isEmpty() && !isMasterRunning()) {
            Settings kept = Settings.read(file, List.of());
            flags.removeIf(flag -> kept.isGiven(flag.substring(0, Math.max(0, flag.indexOf('=')))));
        }
        flags.addAll(overrides);
        return Settings.read(file, flags);
    }

    boolean isMasterRunning() {
        return ProcessLock.holder(places().lockOf("master")).isPresent();
    }

    /// The settings, and the overrides among them kept in the installation's file: whatever is typed later means the same cluster.
    Settings rememberedSettings() {
        Settings settings = settings();
        Settings.remember(places().state().resolve("config.yaml"), overrides);
        return settings;
    }

    /// The same flags again, for a process that is started on the user's behalf.
    List<String> flags() {
        List<String> flags = new ArrayList<>();
        if (root != null) {
            flags.add("--root");
            flags.add(root.toAbsolutePath().normalize().toString());
        }
        overrides.forEach(override -> flags.addAll(List.of("--set", override)));
        return flags;
    }

    /// What a user types to run another command on the same installation, for hints.
    String command(String rest) {
        return "./hypernetes " + rest + (root == null ? "" : " --root " + root);
    }
}
