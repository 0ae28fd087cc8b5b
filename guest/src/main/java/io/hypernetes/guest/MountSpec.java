package io.hypernetes.guest;

import java.util.List;

/// What a container finds at a path.
public sealed interface MountSpec {

    /// Absolute path in the container; made when missing.
    String destination();

    /// A fresh tmpfs.
    ///
    /// @param bytes size limit; 0 for half the machine's RAM
    /// @param mode permission bits, or [VolumeSpec#DEFAULT_MODE] for 01777
    record Tmpfs(String destination, long bytes, int mode, boolean readOnly, boolean noExec) implements MountSpec {}

    /// A volume of the pod or a part of it.
    ///
    /// @param volume name of a declared volume
    /// @param subPath relative, without `..`; empty for the whole volume
    /// @param seed of a volume with a disk of its own, whose `subPath` is one name: when that folder is not there, it is made of what the
    ///     image has at the destination, before the container's first program runs
    record Volume(String destination, String volume, String subPath, boolean readOnly, boolean noExec, boolean seed) implements MountSpec {
        public Volume(String destination, String volume, String subPath, boolean readOnly, boolean noExec) {
            this(destination, volume, subPath, readOnly, noExec, false);
        }
    }

    /// The files of an image, which nobody can write.
    ///
    /// @param layers the image's layers on the layers disk, the lowest first
    /// @param subPath relative, without `..`; empty for the whole image. One that is not there refuses the plan
    record Image(String destination, List<ContainerSpec.Layer> layers, String subPath) implements MountSpec {
        public Image {
            layers = List.copyOf(layers);
        }
    }
}
