/// Container images: from a registry or a tar file to read-only disk images that a machine mounts.
///
/// [ImageStore] is the contract. A blob is stored once under its digest; each layer is converted once to a squashfs file by
/// an unprivileged converter. Nothing here knows of machines or pods.
package io.hypernetes.images;
