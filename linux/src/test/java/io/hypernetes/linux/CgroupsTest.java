package io.hypernetes.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CgroupsTest {
    @TempDir
    Path root;

    @Test
    void anEmptyUnifiedMountBesideVersionOneIsPassedOver() throws Exception {
        Files.createDirectories(root.resolve("cg/unified"));
        Files.writeString(root.resolve("cg/unified/cgroup.controllers"), "\n");
        Cgroups found = Cgroups.read(
                "cgroup2 /cg/unified cgroup2 rw 0 0\ncgroup /cg/memory cgroup rw,memory 0 0\ncgroup /cg/cpu cgroup rw,cpu,cpuacct 0 0\n",
                root);
        assertThat(found.description()).isEqualTo("cgroup v1 with cpu, memory");
        assertThat(found.create("a/b")).containsExactlyInAnyOrder(root.resolve("cg/memory/a/b"), root.resolve("cg/cpu/a/b"));
        found.limitMemory("a/b", 64);
        found.limitPids("a/b", 7); // nothing here counts them
        found.limitCpu("a/b", 2);
        assertThat(root.resolve("cg/memory/a/b/memory.limit_in_bytes")).hasContent("67108864");
        assertThat(root.resolve("cg/cpu/a/b/cpu.cfs_period_us")).hasContent("100000");
        assertThat(root.resolve("cg/cpu/a/b/cpu.cfs_quota_us")).hasContent("200000");
    }

    @Test
    void controllersAreDelegatedDownAUnifiedTree() throws Exception {
        Files.createDirectories(root.resolve("cg/a"));
        Files.writeString(root.resolve("cg/cgroup.controllers"), "cpuset cpu io memory pids\n");
        Files.writeString(root.resolve("cg/cgroup.subtree_control"), "cpu\n");
        Files.writeString(root.resolve("cg/a/cgroup.subtree_control"), "");
        Cgroups found = Cgroups.read("cgroup2 /cg cgroup2 rw 0 0\n", root);
        assertThat(found.create("a/b")).containsExactly(root.resolve("cg/a/b"));
        assertThat(root.resolve("cg/cgroup.subtree_control")).hasContent("+memory +pids");
        assertThat(root.resolve("cg/a/cgroup.subtree_control")).hasContent("+cpu +memory +pids");
        found.limitMemory("a/b", 64);
        found.limitPids("a/b", 7);
        found.limitCpu("a/b", 3);
        assertThat(root.resolve("cg/a/b/memory.max")).hasContent("67108864");
        assertThat(root.resolve("cg/a/b/pids.max")).hasContent("7");
        assertThat(root.resolve("cg/a/b/cpu.max")).hasContent("300000 100000");
    }

    @Test
    void whatCannotBeMadeSaysWhy() throws Exception {
        Files.createDirectories(root.resolve("cg/memory"));
        Files.createFile(root.resolve("cg/memory/a"));
        Cgroups found = Cgroups.read("cgroup /cg/memory cgroup rw,memory 0 0\n", root);
        assertThatThrownBy(() -> found.create("a/b")).hasMessageContaining("making cgroup a/b").hasMessageContaining("FileAlreadyExistsException");
        assertThatThrownBy(() -> found.limitMemory("a", 64)).hasMessageContaining("Not a directory");
    }

    @Test
    void aRealGroupIsEmptiedAndRemoved() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        Cgroups cgroups = Cgroups.discover();
        String group = "hn-test-" + ProcessHandle.current().pid() + "/one";
        List<Path> folders = cgroups.create(group);
        try {
            assertThat(folders).isNotEmpty();
            cgroups.limitMemory(group, 64);
            cgroups.limitPids(group, 8);
            cgroups.limitCpu(group, 1);
            HostProcess inside = Spawn.of(List.of("sleep", "60")).start();
            for (Path folder : folders) {
                Files.writeString(folder.resolve("cgroup.procs"), Long.toString(inside.pid()));
            }
            assertThat(cgroups.processes(group)).containsExactly(inside.pid());
            cgroups.killAll(group);
        } finally {
            cgroups.remove(group);
            cgroups.remove(Path.of(group).getParent().toString());
        }
        assertThat(folders).noneMatch(Files::exists);
    }
}
