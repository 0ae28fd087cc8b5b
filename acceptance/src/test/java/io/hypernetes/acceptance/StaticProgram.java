package io.hypernetes.acceptance;

import java.nio.file.Path;

/// Small programs for what the sample image has no program for; each needs nothing but a kernel.
final class StaticProgram {
    private StaticProgram() {}

    /// Compiles the source `name.c` beside the tests' resources.
    ///
    /// @return the program, in that folder
    static Path of(Path folder, String name) {
        Path program = folder.resolve(name);
        Path source = Cluster.checkout().resolve("acceptance/src/test/resources/io/hypernetes/acceptance/" + name + ".c");
        Run.of("musl-gcc", "-static", "-Os", "-s", "-o", program.toString(), source.toString()).ok();
        return program;
    }
}
