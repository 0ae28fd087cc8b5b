/// Volumes whose content comes from the API, written on this host as atomically swapped folders for the runtime to push.
@NullMarked
package io.hypernetes.kubelet.volume;

import org.jspecify.annotations.NullMarked;
