package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.ContainerSpec;
import io.hypernetes.guest.MountSpec;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.images.Image;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// The images of a container: the one that it runs and those that it mounts. All of their layers lie on the pod's one disk.
///
/// @param disk the disk with all of them; its extents are those of the image that runs
/// @param asked the mounts that were asked for, with ids of images
/// @param specs the mounts of images
record ImageMounts(LayerDisk disk, List<ContainerRequest.Mount> asked, List<MountSpec> specs) {

    /// @param leased finds an image by name and keeps it from removal
    static ImageMounts of(
            List<SandboxRecord.Layer> present, Image runs, List<ContainerRequest.Mount> mounts, Function<String, Image> leased) {
        LayerDisk disk = LayerDisk.with(present, runs);
        List<ContainerSpec.Layer> extents = disk.extents();
        List<SandboxRecord.Layer> layers = disk.layers();
        List<ContainerRequest.Mount> asked = new ArrayList<>();
        List<MountSpec> specs = new ArrayList<>();
        for (ContainerRequest.Mount mount : mounts) {
            if (mount.image() == null) {
                asked.add(mount);
                continue;
            }
            Image image = leased.apply(mount.image().asked());
            LayerDisk next = LayerDisk.with(layers, image);
            layers = next.layers();
            asked.add(mount.withImageId(image.id()));
            specs.add(new MountSpec.Image(mount.containerPath(), next.extents(), mount.image().subPath()));
        }
        return new ImageMounts(new LayerDisk(layers, extents, layers.size() > present.size()), asked, specs);
    }
}
