package io.hypernetes.hyperd.seccomp;

import io.hypernetes.hyperd.HyperdException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Set;

/// Which system calls a container may make. A privileged container may make all, whatever is asked for.
public sealed interface Seccomp {
    /// All of them.
    Seccomp UNCONFINED = new Unconfined();

    /// What an ordinary program needs, and what the container's capabilities are for.
    Seccomp RUNTIME_DEFAULT = new RuntimeDefault();

    /// A profile longer than this is refused.
    int MOST_PROFILE_BYTES = 1 << 20;

    record Unconfined() implements Seccomp {}

    record RuntimeDefault() implements Seccomp {}

    /// A profile of one's own.
    ///
    /// @param name what it is called in messages
    /// @param json the profile as the OCI runtime specification or Docker writes it
    record Custom(String name, byte[] json) implements Seccomp {
        public Custom {
            json = json.clone();
        }
    }

    /// The profile in a file of this host.
    ///
    /// @throws HyperdException when there is no such file, or it is too long
    static Seccomp ofFile(String path) {
        if (!path.startsWith("/")) {
            throw HyperdException.invalid("The seccomp profile " + path + " must be an absolute path of this node.");
        }
        Path file = Path.of(path);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw HyperdException.invalid("There is no seccomp profile " + path + " on this node. Put the file there first.");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] json = in.readNBytes(MOST_PROFILE_BYTES + 1);
            if (json.length > MOST_PROFILE_BYTES) {
                throw HyperdException.invalid("The seccomp profile " + path + " has more than " + MOST_PROFILE_BYTES + " bytes.");
            }
            return new Custom(path, json);
        } catch (IOException failure) {
            throw HyperdException.invalid("The seccomp profile " + path + " cannot be read: " + failure.getMessage());
        }
    }

    /// The program for a container, as the guest takes it; empty when nothing is filtered.
    ///
    /// @param capabilityNames the container's capabilities, without `CAP_`
    /// @throws HyperdException when the profile is wrong or too large for a kernel
    default byte[] program(Set<String> capabilityNames) {
        return switch (this) {
            case Unconfined none -> new byte[0];
            case RuntimeDefault ordinary -> FilterCompiler.compile(OrdinaryProfile.of(capabilityNames), "RuntimeDefault");
            case Custom custom -> FilterCompiler.compile(ProfileJson.parse(custom.name(), custom.json(), capabilityNames), custom.name());
        };
    }
}
