package io.hypernetes.kubelet.volume;

import io.hypernetes.objects.Names;

/// What a pod calls its parts becomes part of paths on the node. The API server takes DNS labels only; that one fault of it does not lead out of the
/// pod's own folder is seen to here once more.
public final class PathPart {
    private PathPart() {}

    /// The name itself.
    ///
    /// @throws VolumeException when it is no DNS label (RFC 1123)
    public static String of(String name) {
        if (!Names.label(name).isEmpty()) {
            throw new VolumeException("the name \"" + (name.length() > 80 ? name.substring(0, 80) + "..." : name) + "\" is no DNS label, so nothing of the node is called so");
        }
        return name;
    }
}
