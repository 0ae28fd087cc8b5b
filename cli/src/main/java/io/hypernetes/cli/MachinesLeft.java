package io.hypernetes.cli;

import io.hypernetes.linux.Cgroups;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// Machines of an installation as the host shows them, whatever its journal says: by their cgroups.
///
/// They are those below the installation's own cgroup, and those of former installations with the same path whose state somebody removed while they
/// ran: their disks are deleted files. A machine below another installation's cgroup whose disk is there is alive in a mount namespace where that
/// path leads elsewhere, and none of ours.
final class MachinesLeft {
    private static final String DELETED = " (deleted)";

    private final Places places;
    private final Installation installation;
    private final Cgroups cgroups;

    MachinesLeft(Places places) {
        this.places = places;
        this.installation = Installation.of(places);
        this.cgroups = Cgroups.discover();
    }

    /// Their names, mostly ids of sandboxes.
    Set<String> names() {
        Set<String> names = new TreeSet<>();
        groups().forEach(group -> names.add(group.substring(group.lastIndexOf('/') + 1)));
        return names;
    }

    private Set<String> groups() {
        Set<String> groups = new TreeSet<>();
        for (String parent : cgroups.below("")) {
            boolean own = parent.equals(installation.cgroup());
            if (own || installation.isOfSamePlace(parent)) {
                for (String name : cgroups.below(parent)) {
                    String group = parent + "/" + name;
                    if (own || lostItsDisk(group)) {
                        groups.add(group);
                    }
                }
            }
        }
        return groups;
    }

    private boolean lostItsDisk(String group) {
        return cgroups.processes(group).stream().anyMatch(pid -> {
            try (Stream<Path> open = Files.list(Path.of("/proc", pid.toString(), "fd"))) {
                return open.anyMatch(this::isDeletedOfOurs);
            } catch (IOException | UncheckedIOException ended) {
                return false;
            }
        });
    }

    private boolean isDeletedOfOurs(Path descriptor) {
        try {
            String leads = Files.readSymbolicLink(descriptor).toString();
            return leads.startsWith(places.nodeState() + "/") && leads.endsWith(DELETED) && Files.getAttribute(descriptor, "unix:nlink").equals(0);
        } catch (IOException closed) {
            return false;
        }
    }

    /// Ends them all, and takes their cgroups from the host. The caller holds the node's lock, and no engine runs.
    ///
    /// @return how many had still a process
    int end() {
        int ended = 0;
        List<String> stuck = new ArrayList<>();
        for (String group : groups()) {
            try {
                ended += cgroups.processes(group).isEmpty() ? 0 : 1;
                cgroups.killAll(group);
                cgroups.remove(group);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new UsageException("interrupted while machines were being ended; `hypernetes down` may be repeated", UsageException.UNAVAILABLE);
            } catch (RuntimeException e) {
                stuck.add(group + " (" + e.getMessage() + ")");
            }
            cgroups.removeIfUnused(group.substring(0, group.lastIndexOf('/')));
        }
        if (!stuck.isEmpty()) {
            throw new UsageException("machines that do not end: " + String.join(", ", stuck)
                    + "; they may be stuck in the host's kernel, see dmesg. All others have ended. `hypernetes down` may be repeated", UsageException.UNAVAILABLE);
        }
        cgroups.removeIfUnused(installation.cgroup());
        return ended;
    }
}
