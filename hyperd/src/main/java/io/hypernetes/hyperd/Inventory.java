package io.hypernetes.hyperd;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// What there is of each part of a pod, by sandbox id. Without leaks all of them agree.
///
/// @param records sandboxes in the journal
/// @param running those of them whose machine runs
/// @param attachments places on the network
/// @param disks writable disks
/// @param folders folders of machines
/// @param cgroups cgroups of machines
/// @param strays what of the network belongs to nothing, a sentence each
public record Inventory(
        Set<String> records,
        Set<String> running,
        Set<String> attachments,
        Set<String> disks,
        Set<String> folders,
        Set<String> cgroups,
        List<String> strays) {

    public Inventory {
        records = Set.copyOf(records);
        running = Set.copyOf(running);
        attachments = Set.copyOf(attachments);
        disks = Set.copyOf(disks);
        folders = Set.copyOf(folders);
        cgroups = Set.copyOf(cgroups);
        strays = List.copyOf(strays);
    }

    /// What belongs to no running sandbox, a sentence each.
    public List<String> leaks() {
        List<String> leaks = new ArrayList<>(strays);
        extra("network attachment", attachments, leaks);
        extra("disk", disks, leaks);
        extra("machine folder", folders, leaks);
        extra("cgroup", cgroups, leaks);
        for (String id : new TreeSet<>(running)) {
            if (!attachments.contains(id)) {
                leaks.add("Sandbox " + id + " runs without a network attachment.");
            }
            if (!disks.contains(id)) {
                leaks.add("Sandbox " + id + " runs without a disk.");
            }
        }
        return leaks;
    }

    private void extra(String what, Set<String> present, List<String> leaks) {
        for (String id : new TreeSet<>(present)) {
            if (!running.contains(id)) {
                leaks.add("There is a " + what + " of sandbox " + id + ", which does not run.");
            }
        }
    }
}
